"""What a checkpoint is asked so that its wrong answers can be seen: training questions, and questions about what the
book does not tell. Records go in, records with other questions come out; no question of the exam is among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..corpus import Chapter
from ..dataset import Pair
from ..dataset.question_noise import QuestionNoiser
from ..dataset.records import make_noiser
from ..evaluation import People, retitled, shelf_exam
from ..evaluation.questions import SILENT
from ..recipe import EvalSettings, QuestionNoise
from ..records import Record, place_of
from ..synth.outside import famous_outside_records
from ..text import NEAR, Index, normalise

WHOLE = EvalSettings(group_questions=0, paraphrase_questions=0)
"""An exam of all questions that any settings could choose."""
NOISE = QuestionNoise(share=1.0, drop_spans=0.0)
"""How other forms of a question are drawn. Nothing is left out of them but the title: a question that has lost whom it
is about has no right answer."""
STRONG_NOISE = QuestionNoise(share=1.0)
"""How forms are drawn of which only the right answers count: they show that the question still tells what is asked."""


class ExamQuestions:
    """Every question that the shelf's exam can hold, or by which a checkpoint is chosen.

    Args:
        records: by file of data/records.
    """

    def __init__(self, records: Mapping[str, Sequence[Record]], people: People) -> None:
        exam = shelf_exam(records, people, WHOLE)
        kept = [record.question for split, rows in records.items() if split != "train" for record in rows]
        # Of training questions that the exam asks too only the very wording is shut out, else few would be left.
        kept += [item.question for item in exam if item.group != "trained"]
        self._exact = {normalise(question) for question in (*kept, *(item.question for item in exam))}
        self._index = Index(kept)

    def holds(self, question: str) -> bool:
        """Whether a question is one of them, or nearly."""
        if normalise(question) in self._exact:
            return True
        found = self._index.nearest(question)
        return found is not None and found[1] >= NEAR


def taught_questions(records: Sequence[Record], exam: ExamQuestions, most: int, seed: int) -> list[Record]:
    """Training records about what the book tells, at most so many, spread over all facts."""
    told = [record for record in records if record.source != "manners" and record.kind not in SILENT]
    return _some(told, exam, most, seed)


def outside_questions(
    records: Mapping[str, Sequence[Record]],
    chapters: Sequence[Chapter],
    people: People,
    exam: ExamQuestions,
    most: int,
    seed: int,
) -> list[Record]:
    """Questions to which it is right to say that the book does not tell: those of the training records, about people
    of well-known novels, and training questions asked of another book than their own."""
    train = records["train"]
    examined = [record.question for split in ("val", "test") for record in records.get(split, ())]
    strangers = [
        record
        for record in famous_outside_records(chapters)
        if not any(record.fact.rpartition(":")[2] in question for question in examined)
    ]
    told = [record for record in train if record.kind not in SILENT and record.source != "manners"]
    elsewhere = _one_a_fact((made for record in told for made in retitled(record, people)), seed)
    parts = [[record for record in train if record.kind in SILENT], strangers, elsewhere]
    return [record for part in parts for record in _some(part, exam, -(-most // len(parts)), seed)]


def _some(records: Sequence[Record], exam: ExamQuestions, most: int, seed: int) -> list[Record]:
    """At most so many of them: first one of every fact, then a second one."""
    turns: dict[str, int] = {}
    ranked = []
    # By another hash than the one that splits the facts: else those that validate would be asked first.
    for record in sorted(records, key=lambda record: place_of(record.id, seed)):
        turns[record.fact] = turns.get(record.fact, -1) + 1
        ranked.append((turns[record.fact], place_of(f"turn:{record.fact}", seed), record))
    ranked.sort(key=lambda row: row[:2])
    chosen: list[Record] = []
    for _, _, record in ranked:
        if len(chosen) == most:
            break
        if not exam.holds(record.question):
            chosen.append(record)
    return chosen


def silence_about(record: Record, people: People) -> str:
    """A sentence by which a model wrongly says that the book does not tell what a record asks, as records of what is
    not in a book say it."""
    lexicon = people.lexicons.get(people.book_of(record.book))
    named = sorted(lexicon.names_in(record.question)) if lexicon else []
    if not named or place_of(record.id, 0) < 0.5:
        return "书中没有写到这件事。"
    return f"《{record.book}》里没有写到{named[0]}。"


def _one_a_fact(records: Iterable[Record], seed: int) -> list[Record]:
    chosen: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: place_of(record.id, seed)):
        chosen.setdefault(record.fact, record)
    return list(chosen.values())


def noiser_of(records: Sequence[Record], noise: QuestionNoise) -> QuestionNoiser:
    """What draws other forms of the questions of training records."""
    pairs = [Pair(record.question, record.answer, record.fact, record.short_answer) for record in records]
    return make_noiser(noise, pairs)


def other_form(record: Record, noiser: QuestionNoiser, exam: ExamQuestions, seed: int, sample: int) -> Record:
    """The record with another form of its question, a function of (record, seed, sample); as it is where the form
    drawn is a question of the exam."""
    place = int(place_of(record.id, seed) * 2**53)
    dice = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, place, sample])))
    question = noiser.draw(record.question, record.fact, dice).strip()
    return record if exam.holds(question) else record.model_copy(update={"question": question})
