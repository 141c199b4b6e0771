"""One wording of some taught facts is kept from training, for the exam's main question: does the model know the fact,
or the sentence? Records go in; those to train on and those held back come out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ..records import Record, place_of
from ..text import NEAR, jaccard


def hold_back(records: Iterable[Record], share: float, seed: int) -> tuple[list[Record], list[Record]]:
    """Take one wording from a share of the facts of the training split.

    Facts and wordings are chosen by hash, so that adding records never changes what is held back. A fact of one
    wording keeps it, and so does one whose wording is too like those that are trained on to count as another.

    Args:
        share: of the training facts, 0 to 1.

    Returns:
        The records to train, validate and test with, and those held back.
    """
    records = list(records)
    facts: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.split == "train":
            facts[record.fact].append(record)
    chosen = (_odd_one(own, seed) for fact, own in facts.items() if place_of(f"paraphrase:{fact}", seed) < share)
    held = {record.id for record in chosen if record}
    return [r for r in records if r.id not in held], [r for r in records if r.id in held]


def _odd_one(wordings: Sequence[Record], seed: int) -> Record | None:
    """The first wording by hash that is unlike every other one; None if there is none, or only one wording."""
    for record in sorted(wordings, key=lambda record: place_of(record.id, seed)):
        others = [other.question for other in wordings if other is not record]
        if others and all(jaccard(record.question, other) < NEAR for other in others):
            return record
    return None
