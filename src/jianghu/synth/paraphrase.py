"""Some wordings of taught facts are kept from training, for the exam's main question: does the model know the fact, or
the sentence? Others choose the checkpoint. Records go in; those to train on and those held back come out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..records import Record, place_of
from ..text import NEAR, jaccard

RICH = 3
"""A fact with this many times the wordings to hold back gives them all; one with fewer gives one, or none."""


class HeldBack(NamedTuple):
    """Records by what they are for.

    Attributes:
        rest: to train, validate and test with.
        exam: wordings of taught facts for the exam.
        val: wordings of taught facts by which fine-tuning chooses its checkpoint.
    """

    rest: list[Record]
    exam: list[Record]
    val: list[Record]


def hold_back(records: Iterable[Record], share: float, wordings: int, seed: int, val_facts: int = 0) -> HeldBack:
    """Take wordings from facts of the training split.

    A fact with at least `RICH * wordings` wordings gives that many to the exam. Of the others a share gives one. Of
    those with many, `val_facts` give one more, for validation. Facts and wordings are chosen by hash, so that adding
    records never changes what is held back for the exam. A wording that is too like one that is trained on does not
    count as another and is not taken; nor is a fact's last wording. Manners are never examined.

    Args:
        share: of the training facts with few wordings, 0 to 1.
        wordings: of each fact with many.
        val_facts: facts with many wordings that give one more.
    """
    records = list(records)
    facts: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.split == "train" and record.source != "manners":
            facts[record.fact].append(record)
    exam: set[str] = set()
    rich: list[str] = []
    for fact, group in facts.items():
        if wordings and len(group) >= RICH * wordings:
            exam |= {record.id for record in _unlike_the_rest(group, wordings, seed)}
            rich.append(fact)
        elif place_of(f"paraphrase:{fact}", seed) < share:
            exam |= {record.id for record in _unlike_the_rest(group, 1, seed)}
    val: set[str] = set()
    for fact in sorted(rich, key=lambda fact: place_of(f"val:{fact}", seed))[:val_facts]:
        stays = [record for record in facts[fact] if record.id not in exam]
        val |= {record.id for record in _unlike_the_rest(stays, 1, seed)}
    return HeldBack(
        [record for record in records if record.id not in exam | val],
        [record for record in records if record.id in exam],
        [record for record in records if record.id in val],
    )


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
