"""A language model as judge, where words cannot be compared: grades answers, and says which of two is better.

Replies go in; grades, wins and the judge's agreement with marked answers come out. `judge_strategy.py` asks for them.
The judge always sees the reference and, where there is one, the evidence; pairs are shown in both orders, and count as
won only if both orders say so (Zheng et al. 2023, arXiv:2306.05685).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from ..files import read_jsonl
from ..stats import mcnemar, share
from .results import Agreement, Graded

GRADES = (0, 1, 2)
"""Wrong, partly right, right."""


class Case(Protocol):
    """What a judge is shown of one answer."""

    @property
    def question(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def evidence(self) -> str: ...
    @property
    def answer(self) -> str: ...


class MarkedAnswer(BaseModel):
    """An answer with the grade that people gave it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    reference: str
    answer: str
    grade: int
    evidence: str = ""


class Preferred(BaseModel):
    """How often each of two checkpoints won, and the sign test's p-value that they are equal."""

    model_config = ConfigDict(frozen=True)

    first: int
    second: int
    tie: int
    unread: int
    p: float


def grade_of(reply: str) -> int | None:
    """The grade that a reply gives, 0 to 2; None where it cannot be read."""
    return {str(grade): grade for grade in GRADES}.get(_field(reply, "grade"))


def better_of(reply: str) -> str | None:
    """Which of two answers a reply calls better: A, B or tie; None where it cannot be read."""
    word = _field(reply, "better")
    return word if word in ("A", "B", "tie") else None


def in_both_orders(forward: str | None, backward: str | None) -> str | None:
    """Which of two answers is better, `first`, `second` or `tie`, by what was said of them in both orders.

    A judge that changes its mind with the order of the answers gives a tie; None where a reply is missing.
    """
    if forward is None or backward is None:
        return None
    here = {"A": "first", "B": "second", "tie": "tie"}[forward]
    there = {"A": "second", "B": "first", "tie": "tie"}[backward]
    return here if here == there else "tie"


def graded(grades: Iterable[int | None]) -> Graded:
    """Counts of grades, the share of full ones with its interval, and how many replies could not be read."""
    grades = list(grades)
    read = [grade for grade in grades if grade is not None]
    return Graded(
        questions=len(read),
        unread=len(grades) - len(read),
        grades={str(grade): read.count(grade) for grade in GRADES},
        right=share([grade == max(GRADES) for grade in read]),
        mean=round(sum(read) / len(read) / max(GRADES), 4) if read else 0.0,
    )


def preferred(verdicts: Iterable[str | None]) -> Preferred:
    """Count which of two checkpoints won."""
    counts = Counter("unread" if verdict is None else verdict for verdict in verdicts)
    return Preferred(
        first=counts["first"],
        second=counts["second"],
        tie=counts["tie"],
        unread=counts["unread"],
        p=mcnemar(counts["first"], counts["second"]),
    )


def marked_by_hand() -> list[MarkedAnswer]:
    """Answers with grades that people gave, against which a judge is held: `marked.jsonl`."""
    with resources.as_file(resources.files(__package__).joinpath("marked.jsonl")) as path:
        return [MarkedAnswer(**row) for row in read_jsonl(Path(path))]


def agreement(ours: Sequence[int | None], theirs: Sequence[int]) -> Agreement:
    """How well a judge's grades agree with given ones: equal shares, and Cohen's kappa (1960), which takes off what
    chance would give. Replies that could not be read count as disagreement."""
    count = len(theirs)
    same = sum(a == b for a, b in zip(ours, theirs, strict=True)) / count if count else 0.0
    chance = sum(ours.count(grade) * theirs.count(grade) for grade in GRADES) / count**2 if count else 0.0
    kappa = round((same - chance) / (1 - chance), 4) if chance < 1 else 1.0
    return Agreement(answers=count, same=round(same, 4), kappa=kappa)


def _field(reply: str, name: str) -> str:
    """A field, as text, of the last JSON object in a reply, which may have thoughts before it or a fence around it;
    empty if there is none."""
    for found in reversed(re.findall(r"\{[^{}]*\}", reply)):
        try:
            row = json.loads(found)
        except ValueError:
            continue
        if name in row:
            return str(row[name])
    return ""
