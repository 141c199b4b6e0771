"""What a checkpoint may have learned by heart: the training records. Questions go in; those that stand in training
too, and the answer of the training question that is most alike, come out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..text import NEAR, Index, normalise
from .questions import Item

SHOWN = 5  # examples of questions left out


@dataclass(frozen=True)
class Leaks:
    """Exam questions that stand in the training records, and are left out: word for word (marks aside), or with an
    overlap of 3-grams of at least 0.7. `examples` pairs some of them with the training question."""

    exact: int = 0
    near: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


class Taught:
    """The questions and answers of the training records.

    Args:
        rows: rows of data/records/*.jsonl.
    """

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self.rows = list(rows)
        self._index = Index(row["question"] for row in self.rows)
        self._exact = {normalise(row["question"]) for row in self.rows}

    def nearest(self, question: str) -> tuple[dict[str, Any], float] | None:
        """The training record whose question is most alike, and how alike (0 to 1)."""
        found = self._index.nearest(question)
        return (self.rows[found[0]], found[1]) if found else None

    def leaks(self, items: Iterable[Item]) -> tuple[list[Item], Leaks]:
        """The items that do not stand in training, and the count of the others. Those of the group `trained` are
        meant to stand there, and stay."""
        kept: list[Item] = []
        exact = near = 0
        examples: list[tuple[str, str]] = []
        for item in items:
            found = None if item.group == "trained" else self.nearest(item.question)
            same = item.group != "trained" and normalise(item.question) in self._exact
            if not same and (found is None or found[1] < NEAR):
                kept.append(item)
                continue
            exact, near = exact + same, near + (not same)
            if found and len(examples) < SHOWN:
                examples.append((item.question, found[0]["question"]))
        return kept, Leaks(exact, near, examples)
