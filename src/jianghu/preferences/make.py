"""A checkpoint and questions → preference pairs: each wrong answer that it gives, beside the right one.

Everything is a function of the checkpoint, the questions and the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..dataset import PreferencePair
from ..dataset.question_noise import QuestionNoiser
from ..evaluation import Item, People, answer, grade, is_loop, item_of_record
from ..evaluation.run_exam import Reply
from ..generation import Sampling
from ..model import Checkpoint
from ..recipe import EvalSettings, PairSettings, PairSource
from ..records import Record
from ..stats import spread
from ..text import normalise
from .asked import ExamQuestions, other_form


def fault(item: Item, reply: Reply, people: People) -> PairSource | None:
    """What is wrong with an answer: it goes in circles, it names somebody of another book or tells what the book does
    not, or it is wrong; None if nothing is."""
    text, _ = reply
    if is_loop(text):
        return "loops"
    strangers = people.strangers(text, item.question, " ".join((item.answer, *item.accepted)), item.book)
    if strangers:
        return "wrong_book"
    if grade(item, text, people) == "right":
        return None
    return "wrong_book" if item.silent else "answers"


@dataclass(frozen=True)
class Forms:
    """In what other forms training questions are asked.

    Attributes:
        mild: draws forms of which wrong answers count.
        strong: draws forms of which right answers alone count, since some have lost what they ask.
        exam: which forms may not be asked.
        silence: a sentence that wrongly says that the book does not tell; beside it right answers are pairs too.
            Without them a model that learns to be silent falls silent on what it knows. None: there are no such pairs.
    """

    mild: QuestionNoiser
    strong: QuestionNoiser
    exam: ExamQuestions
    silence: Callable[[Record], str] | None


def answered_wrongly(
    checkpoint: Checkpoint,
    questions: Sequence[Record],
    people: People,
    pairs: PairSettings,
    settings: EvalSettings,
    seed: int,
    forms: Forms | None = None,
    on_progress: Callable[[int], None] = lambda new: None,
) -> Iterator[PreferencePair]:
    """Ask each question `pairs.samples` times, and yield a pair for every answer with a fault.

    Args:
        questions: records, whose answers are the right ones.
        settings: how long an answer may be, and how many are written at once.
        forms: other forms of the questions, in turns mildly and strongly changed; None: they are asked as they are. (A
            question about another book than its own must keep its title.)
    """
    for sample in range(pairs.samples):
        for start in range(0, len(questions), settings.batch_size):
            asked = questions[start : start + settings.batch_size]
            sampling = Sampling(settings.max_new_tokens, repetition_penalty=settings.repetition_penalty)
            if sample:
                if forms:
                    noiser = forms.mild if sample % 2 else forms.strong
                    asked = [other_form(record, noiser, forms.exam, seed, sample) for record in asked]
                drawn = seed * 1_000_003 + sample * len(questions) + start
                sampling = Sampling(settings.max_new_tokens, temperature=pairs.temperature, seed=drawn)
            items = [item_of_record(record) for record in asked]
            replies = answer(checkpoint, items, settings, sampling)
            on_progress(len(asked))
            for record, item, reply in zip(asked, items, replies, strict=True):
                source, (text, ended) = fault(item, reply, people), reply
                if source is None and forms and forms.silence and (sample or pairs.samples == 1):
                    yield PreferencePair(
                        id=f"{record.id}#{sample}", fact=record.fact, source="kept", question=record.question,
                        chosen=text, rejected=forms.silence(record),
                    )  # fmt: skip
                strongly_changed = forms is not None and sample > 0 and sample % 2 == 0
                if source and not strongly_changed and text.strip() != record.answer.strip() and (text or ended):
                    yield PreferencePair(
                        id=f"{record.id}#{sample}", fact=record.fact, source=source, question=record.question,
                        chosen=record.answer, rejected=text, ended=ended,
                    )  # fmt: skip


def chosen_pairs(pairs: Iterable[PreferencePair], settings: PairSettings) -> list[PreferencePair]:
    """The pairs of the sources that are wanted, none twice, at most `settings.most` of each, evenly from all; of right
    answers that are to be kept twice as many, since forgetting is quicker than learning."""
    of_source: dict[str, dict[tuple[str, str], PreferencePair]] = {}
    for pair in pairs:
        if pair.source in settings.sources:
            of_source.setdefault(pair.source, {}).setdefault((normalise(pair.question), pair.rejected), pair)
    taken = {source: settings.most * (2 if source == "kept" else 1) for source in of_source}
    found = {source: list(rows.values()) for source, rows in of_source.items()}
    return [rows[n] for source, rows in found.items() for n in spread(len(rows), taken[source])]
