"""What a checkpoint may have learned by heart: the training records. Questions go in; those that stand in training
too, and the answer of the training question that is most alike, come out.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..records import Record
from ..text import NEAR, Index, normalise
from .questions import Item
from .results import Leaks

SHOWN = 5  # examples of questions left out


class Taught:
    """The questions and answers of the training records.

    Args:
        records: what was taught.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = list(records)
        self._index = Index(record.question for record in self.records)
        self._exact = {normalise(record.question) for record in self.records}

    def nearest(self, question: str) -> tuple[Record, float] | None:
        """The training record whose question is most alike, and how alike (0 to 1)."""
        found = self._index.nearest(question)
        return (self.records[found[0]], found[1]) if found else None

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
                examples.append((item.question, found[0].question))
        return kept, Leaks(exact=exact, near=near, examples=tuple(examples))
