"""The last gates, over all records of a workspace: each group gets a split for good, and what repeats is left out.

Records in order and an open store go in; the records that stand come out, one by one. Costs nothing to repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from ..llm.store import Reader, Store
from ..recipe import SynthSettings
from ..records import Record, Split
from .collect import grouped_records
from .decisions import Deciding, Decisions
from .dedup import Names, find_repeats, no_names

Records = Callable[[], Iterable[tuple[str, Record]]]
"""Gives the records of all strategies in order, anew each time, so that they need not be held; each with the group
that must stay in one split (its fact, or more)."""


def settle(records: Records, store: Store, names: Names = no_names) -> Mapping[str, int]:
    """Decide on all records: splits of new groups, then what repeats what. Returns how many are left out and why.

    A group that has a split keeps it, whatever the settings say now: what was in a test once must not be trained on.
    """
    deciding = Deciding(store)
    deciding.set_splits((group, record.split) for group, record in records())
    found = find_repeats(_placed(records, store), names)
    return deciding.set_repeats((repeat.id, repeat.of, repeat.why, repeat.similarity) for repeat in found)


def standing(records: Records, store: Reader, judged: bool = True) -> Iterator[Record]:
    """The records that are not left out, each in the split that its group has for good.

    Args:
        judged: leave out also what the judge refused whose verdicts count.
    """
    decisions = Decisions(store)
    for record in _placed(records, store):
        if decisions.repeated(record.id) is None and not (judged and decisions.refused(record.id)):
            yield record


def _placed(records: Records, store: Reader) -> Iterator[Record]:
    decisions = Decisions(store)
    for group, record in records():
        split = decisions.split(group)
        yield record if split in (None, record.split) else replace(record, split=cast(Split, split))


def collect_records(store: Store, settings: SynthSettings) -> list[Record]:
    """Decide on the records of the store alone, and return those that stand; for what fits in memory."""

    def records() -> Iterable[tuple[str, Record]]:
        return grouped_records(store, settings)

    settle(records, store)
    return list(standing(records, store))
