"""The exam with the book open: a reader answers the same questions, and is graded as the model is.

Items, the model's answers and a reader go in; the answers come out with what the book says beside each.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..chat import question, render
from ..generation import sureness
from ..model import Checkpoint
from ..reader import Reader
from ..retrieval import Match, OpenBook
from .entities import People
from .grading import grade
from .questions import Item
from .results import Answer, BookAnswer, Recall

AMONG = (1, 3, 5, 10)
"""Numbers of passages over which recall is counted."""
SILENCE = "书中没有写到这件事。"
"""What an empty answer of the book is graded as."""


def with_book(
    items: Sequence[Item], answers: Sequence[Answer], sure: Sequence[float], reader: Reader, people: People | None
) -> list[Answer]:
    """The answers, each with what the book says.

    Args:
        sure: how probable the model finds each of its answers.
    """
    return [
        answer.model_copy(update={"book_answer": _read(item, answer, own, reader, people)})
        for item, answer, own in zip(items, answers, sure, strict=True)
    ]


def _read(item: Item, answer: Answer, sure: float, reader: Reader, people: People | None) -> BookAnswer:
    said = reader.read(item.question)
    correct = bool(item.accepted) and grade(item, said.answer or SILENCE, people) == "right"
    book_first = said.found and said.probability > sure
    return BookAnswer(
        answer=said.answer,
        probability=round(said.probability, 4),
        correct=correct,
        sureness=round(sure, 4),
        better=correct if book_first else answer.correct,
        chapter=said.chapter,
        start=said.start,
        end=said.end,
        rank=rank_of_evidence(item, reader.pages.book),
    )


def rank_of_evidence(item: Item, book: OpenBook) -> int | None:
    """Which passage, from 1, is the first that holds some of a question's evidence; 0: none of the first ten."""
    if item.place is None:
        return None
    chapter, start, end = item.place

    def holds(found: Match) -> bool:
        return (found.book, found.chapter) == (item.book, chapter) and found.start < end and start < found.end

    found = book.search(item.question, max(AMONG))
    return next((rank for rank, one in enumerate(found, 1) if holds(one)), 0)


def recall(answers: Sequence[Answer]) -> Recall | None:
    """How often the evidence is among the first passages; None where it is known of no question."""
    ranks = [one.book_answer.rank for one in answers if one.book_answer and one.book_answer.rank is not None]
    if not ranks:
        return None
    return Recall(
        questions=len(ranks),
        among={most: round(sum(0 < rank <= most for rank in ranks) / len(ranks), 4) for most in AMONG},
    )


def sureness_of(checkpoint: Checkpoint, questions: Sequence[str], answers: Sequence[str]) -> list[float]:
    """How probable a checkpoint finds the answers that it gave."""
    tokenizer = checkpoint.tokenizer
    pairs = [
        (render(tokenizer, question(asked), prompt=True).ids, tokenizer.encode(said))
        for asked, said in zip(questions, answers, strict=True)
    ]
    return sureness(checkpoint.model, tokenizer, pairs)
