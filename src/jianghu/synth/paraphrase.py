"""Some wordings of taught facts are kept from training, for the exam's main question: does the model know the fact, or
the sentence? Records go in; those to train on and those held back come out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ..records import Record, place_of
from ..text import NEAR, jaccard

RICH = 3
"""A fact with this many times the wordings to hold back gives them all; one with fewer gives one, or none."""


def hold_back(records: Iterable[Record], share: float, wordings: int, seed: int) -> tuple[list[Record], list[Record]]:
    """Take wordings from facts of the training split.

    A fact with at least `RICH * wordings` wordings gives that many. Of the others a share gives one. Facts and wordings
    are chosen by hash, so that adding records never changes what is held back. A wording that is too like one that is
    trained on does not count as another and is not taken; nor is a fact's last wording. Manners are never examined.

    Args:
        share: of the training facts with few wordings, 0 to 1.
        wordings: of each fact with many.

    Returns:
        The records to train, validate and test with, and those held back.
    """
    records = list(records)
    facts: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.split == "train" and record.source != "manners":
            facts[record.fact].append(record)
    held: set[str] = set()
    for fact, group in facts.items():
        if wordings and len(group) >= RICH * wordings:
            held |= {record.id for record in _unlike_the_rest(group, wordings, seed)}
        elif place_of(f"paraphrase:{fact}", seed) < share:
            held |= {record.id for record in _unlike_the_rest(group, 1, seed)}
    return [r for r in records if r.id not in held], [r for r in records if r.id in held]


def _unlike_the_rest(group: Sequence[Record], most: int, seed: int) -> list[Record]:
    """The first wordings by hash, at most so many, that are unlike every one that stays."""
    chosen: list[Record] = []
    for record in sorted(group, key=lambda record: place_of(record.id, seed)):
        rest = [other for other in group if other is not record and other not in chosen]
        if rest and all(jaccard(record.question, other.question) < NEAR for other in rest):
            chosen.append(record)
        if len(chosen) == most:
            break
    return chosen
