"""Records → questions to learn reading from, each with where its answer stands, or with nothing to find.

What must not be found is half of honesty: some questions lose the passages that tell, in some the people are exchanged
for people of other books.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..dataset.question_noise import QuestionNoiser
from ..names import Lexicon, famous
from ..recipe import QuestionNoise, ReaderSettings
from ..records import Record
from ..retrieval import Passage
from .features import Sheet

NOISE = QuestionNoise(share=0.6)
"""Other forms of the training questions, as people type them."""
CLOZE_NOISE = QuestionNoise(share=0.95, drop_spans=1.0, max_spans=6)
"""Of questions that are cut from a sentence: with all its words left, nothing need be learned but to find them."""
SILENT = frozenset({"unanswerable", "contrast", "absent"})
"""Kinds of records that ask for what the book does not tell."""
UNREAD = frozenset({"chapter", "present", "manners"})
"""Kinds of records whose answer does not stand in a passage: chapter numbers, yes and no, what the model is."""
LONGER = 6
"""Characters that a candidate may have beyond an accepted form that it holds, and still be right."""
PARTLY, ELSEWHERE = 0.5, 0.3
"""What a candidate counts that holds the answer among other words; and one that stands in another passage."""


@dataclass(frozen=True)
class Example:
    """A question to learn from.

    Attributes:
        forms: right answers; none where there is nothing to find.
        place: (book, chapter, start, end) of the evidence; None where there is none.
        withheld: the passages with the evidence are taken away.
    """

    question: str
    forms: frozenset[str]
    place: tuple[str, int, int, int] | None
    withheld: bool = False

    def holds(self, passage: Passage) -> bool:
        """Whether a passage holds some of the evidence."""
        if self.place is None:
            return False
        book, chapter, start, end = self.place
        return (passage.book, passage.chapter) == (book, chapter) and passage.start < end and start < passage.end


def readable(record: Record) -> bool:
    """Whether a record can be read from a passage, or is about what no passage tells."""
    return record.kind in SILENT or (record.kind not in UNREAD and record.start is not None)


def examples(
    records: Iterable[Record], lexicons: Mapping[str, Lexicon], settings: ReaderSettings, clozes: int = 1
) -> list[Example]:
    """Questions of the training records, at most `settings.wordings` a fact, reworded by rule.

    Args:
        clozes: questions of a fact that was cut from the text.
    """
    facts: dict[str, list[Record]] = {}
    for record in records:
        if readable(record):
            facts.setdefault(record.fact, []).append(record)
    everyone = [record for rows in facts.values() for record in rows]
    answers = {record.short_answer for record in everyone}
    noiser, cloze_noiser = QuestionNoiser(NOISE, answers), QuestionNoiser(CLOZE_NOISE, answers)
    dice = np.random.default_rng([settings.seed, 16])
    result: list[Example] = []
    for fact, rows in facts.items():
        cut = rows[0].source == "cloze"
        few = clozes if cut else settings.wordings
        for record in sorted(rows, key=lambda row: _order(row.id))[:few]:
            lexicon = lexicons.get(record.book)
            made = example_of(record, lexicon)
            made = replace(made, question=(cloze_noiser if cut else noiser).draw(made.question, fact, dice))
            chance = dice.random()
            if made.place and chance < settings.withheld:
                made = replace(made, withheld=True)
            elif made.place and lexicon and chance < settings.withheld + settings.strangers:
                made = estranged(made, lexicon, dice)
            result.append(made)
    return result


def example_of(record: Record, lexicon: Lexicon | None, withheld: bool = False) -> Example:
    """The question of a record as it is."""
    if record.kind in SILENT:
        return Example(record.question, frozenset(), None)
    forms = {record.short_answer, *record.aliases}
    for form in tuple(forms):  # a person is found under the main name, however the record writes it
        found = lexicon.mentions(form) if lexicon else []
        if len(found) == 1 and found[0][:2] == (0, len(form)):
            forms.add(found[0][2])
    place = (record.book, record.chapter or 0, record.start or 0, record.end or 0)
    return Example(record.question, frozenset(forms), place, withheld)


def right_candidates(example: Example, sheet: Sheet, passages: Sequence[Passage]) -> np.ndarray:
    """(candidates + 1,): what it counts to choose each; the last is no answer. All zero where that is not known."""
    right = np.zeros(len(sheet.answers) + 1, np.float32)
    if example.withheld or not example.forms:
        right[-1] = 1
        return right
    near = np.array([example.holds(passage) for passage in passages])
    value = {answer: rightness(answer, example.forms) for answer in set(sheet.answers)}
    right[:-1] = [value[answer] for answer in sheet.answers]
    told = near[sheet.page]
    if (right[:-1] * told).any():
        right[:-1] *= np.where(told, 1, ELSEWHERE)
    elif not near.any():
        right[:] = 0
        right[-1] = 1  # the passages do not tell
    return right


def rightness(answer: str, forms: Iterable[str]) -> float:
    """1: an accepted form; less: one among few other words; 0: none."""
    forms = set(forms)
    if answer in forms:
        return 1
    held = any(len(form) > 1 and form in answer and len(answer) <= len(form) + LONGER for form in forms)
    return PARTLY if held else 0


def estranged(example: Example, lexicon: Lexicon | None, dice: np.random.Generator) -> Example:
    """The question asked about people of another book; where it names nobody, it loses its passages instead."""
    own = {form for name in (lexicon.names if lexicon else ()) for form in (name.name, *name.aliases)}
    strangers = [name for _, people in sorted(famous().items()) for name in people if name not in own]
    mentions = lexicon.mentions(example.question) if lexicon else []
    if not mentions or not strangers:
        return replace(example, withheld=True)
    swapped: dict[str, str] = {}
    text = example.question
    for start, end, name in reversed(mentions):
        other = swapped.setdefault(name, strangers[int(dice.integers(len(strangers)))])
        text = f"{text[:start]}{other}{text[end:]}"
    return Example(text, frozenset(), None)


def _order(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
