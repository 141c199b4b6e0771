"""What was decided about records, whatever made them: their splits, what repeats what, what a judge said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..llm.store.reader import Reader
from ..llm.store.store import PIECE, Store
from ..records import Record
from .edits import Edits, Verdict
from .selection import Names, find_repeats, no_names

Grouped = Callable[[], Iterable[tuple[str, Record]]]
"""Gives records in order, anew each time, so that they need not be held; each with the group that must stay in one
split (its fact, or more)."""
FILTER = "filter"
"""The small value under which the judge is remembered whose verdicts decide what is left out."""


class Decisions:
    """The decisions in a store. Those that are not pure functions of the records, the splits, never change."""

    def __init__(self, store: Reader) -> None:
        self.store = store

    def split(self, group: str) -> str | None:
        """The split that a group of facts has for good, or None."""
        rows = self.store._rows("SELECT split FROM splits WHERE key = ?", (group,))
        return str(rows[0][0]) if rows else None

    def repeated(self, record: str) -> str | None:
        """Why a record is left out for an earlier one: repeat, contradiction or leak; None: it is not."""
        rows = self.store._rows("SELECT why FROM duplicates WHERE record = ?", (record,))
        return str(rows[0][0]) if rows else None

    def earlier(self, record: str) -> tuple[str, str, float] | None:
        """The earlier record for which one is left out, why, and their likeness; None: it is not."""
        rows = self.store._rows("SELECT of, why, similarity FROM duplicates WHERE record = ?", (record,))
        return rows[0] if rows else None

    def refused(self, record: str) -> str | None:
        """The verdict against a record of the judge whose verdicts count; None: nothing is against it."""
        rows = self.store._rows(
            "SELECT verdict FROM verdicts JOIN meta ON meta.name = ? AND meta.value = json_quote(judge) "
            "WHERE record = ? AND verdict <> 'passed'",
            (FILTER, record),
        )
        return str(rows[0][0]) if rows else None

    def refusals(self) -> list[str]:
        """All records against which the judge whose verdicts count has something."""
        rows = self.store._rows(
            "SELECT record FROM verdicts JOIN meta ON meta.name = ? AND meta.value = json_quote(judge) "
            "WHERE verdict <> 'passed'",
            (FILTER,),
        )
        return [str(record) for (record,) in rows]

    def left_out(self) -> list[object]:
        """Changes when records are left out that were not: how many there are, and the judge whose verdicts count."""
        ((repeats,),) = self.store._rows("SELECT count(*) FROM duplicates")
        ((verdicts,),) = self.store._rows("SELECT count(*) FROM verdicts")
        return [repeats, verdicts, self.store.get_meta(FILTER)]

    def repeats(self, why: str) -> list[tuple[str, str, float]]:
        """Records that are left out for one reason, each with the earlier record and their likeness."""
        return self.store._rows("SELECT record, of, similarity FROM duplicates WHERE why = ? ORDER BY record", (why,))

    def verdicts(self, judge: str) -> dict[str, int]:
        """How often a judge gave each verdict."""
        return dict(
            self.store._rows(
                "SELECT verdict, count(*) FROM verdicts WHERE judge = ? GROUP BY verdict ORDER BY verdict", (judge,)
            )
        )

    def calibration(self) -> list[tuple[str, str]]:
        """Of the present plan of the judge: the way in which a claim was corrupted (or `right`), and the verdict.

        Right claims are those of which there is a corrupted one too.
        """
        rows = self.store._stream(
            "SELECT stage, items.content FROM items JOIN requests ON requests.id = items.request JOIN plans ON "
            "plans.number = requests.plan AND plans.strategy = 'judge' WHERE items.verdict = 'accepted' "
            "ORDER BY stage <> 'calibration'"
        )
        found: list[tuple[str, str]] = []
        shown: set[str] = set()
        for stage, text in rows:
            if (content := _verdict(text)) is None:
                continue
            if stage == "calibration":
                shown.add(content["record"])
            elif content["record"] not in shown:
                continue
            found.append((content["way"], content["verdict"]))
        return found


class Deciding(Decisions):
    """Decisions of a store that is open for writing."""

    store: Store

    def __init__(self, store: Store) -> None:
        super().__init__(store)

    def set_splits(self, splits: Iterable[tuple[str, str]]) -> None:
        """Enter the splits of groups of facts; one that has a split keeps it."""
        with self.store._transaction():
            self.store._db.executemany("INSERT OR IGNORE INTO splits VALUES (?, ?)", splits)

    def set_repeats(self, repeats: Iterable[tuple[str, str, str, float]]) -> Mapping[str, int]:
        """Replace what is known of repeats: record, earlier record, why, likeness. Returns how many of each."""
        with self.store._transaction():
            self.store._db.execute("DELETE FROM duplicates")
            self.store._db.executemany("INSERT INTO duplicates VALUES (?, ?, ?, ?)", repeats)
        return dict(self.store._rows("SELECT why, count(*) FROM duplicates GROUP BY why ORDER BY why"))

    def take_verdicts(self, judge: str) -> None:
        """Enter what the present plan of the strategy `judge` found about records, in place of what was there."""
        last, rows = 0, []
        with self.store._transaction():
            self.store._db.execute("DELETE FROM verdicts WHERE judge = ?", (judge,))
            while rows := self._pieces(last):
                last = rows[-1][0]
                entries: list[tuple[Any, ...]] = []
                for _, text in rows:
                    if (content := _verdict(text)) is None:
                        continue
                    entries.append((content["record"], judge, content["verdict"], content["because"]))
                self.store._db.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)", entries)

    def _pieces(self, last: int) -> list[tuple[int, str]]:
        return self.store._rows(
            "SELECT requests.id, items.content FROM requests JOIN plans ON plans.number = requests.plan AND "
            "plans.strategy = 'judge' JOIN items ON items.request = requests.id WHERE requests.id > ? AND "
            "stage = 'record' AND items.verdict = 'accepted' ORDER BY requests.id LIMIT ?",
            (last, PIECE),
        )

    def filter_by(self, judge: str | None) -> None:
        """Have a judge's verdicts decide what is left out; None: nobody's."""
        self.store.set_meta(FILTER, judge)


def _verdict(text: str) -> dict[str, str] | None:
    """The fields of a verdict; None where a damaged row has lost them."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    names = ("record", "verdict", "because", "way")
    whole = isinstance(content, dict) and {"record", "verdict"} <= content.keys()
    return {name: str(content.get(name, "")) for name in names} if whole else None


def decide(
    records: Grouped,
    store: Store,
    names: Names = no_names,
    edits: Edits | None = None,
    met: Counter[Verdict] | None = None,
) -> Mapping[str, int]:
    """Decide on all records: splits of new groups, then what repeats what.

    A group that has a split keeps it, whatever the settings say now: what was in a test once is never trained on.
    What a person accepted counts first, so that of two that say the same, or contradict each other, the other goes.

    Args:
        edits: what a person decided; None: nothing.
        met: gets how many records were accepted and rejected by a person.

    Returns:
        How many records are left out, by reason.
    """
    deciding = Deciding(store)
    deciding.set_splits((group, record.split) for group, record in records())
    rejected: set[str] = set()
    accepted: dict[str, str] = {}
    counted: Counter[Verdict] = Counter() if met is None else met

    def in_order() -> Iterator[Record]:
        if edits is not None:
            for record, verdict in _in_final_splits(records, store, edits):
                if verdict:
                    counted[verdict] += 1
                if verdict == "accepted":
                    accepted[record.id] = record.split
                    yield record
                elif verdict == "rejected":
                    rejected.add(record.id)
        for record, verdict in _in_final_splits(records, store, edits):
            if verdict != "accepted":
                yield record

    def found() -> Iterator[tuple[str, str, str, float]]:
        for repeat in find_repeats(in_order(), names, rejected):
            # Of accepted ones all count that do not give away an exam question; those are told by their splits.
            leaks = repeat.id in accepted and accepted[repeat.id] != accepted[repeat.of]
            yield repeat.id, repeat.of, "leak" if leaks else repeat.why, repeat.similarity

    left_out = deciding.set_repeats(found())
    return {**left_out, "by hand": len(rejected)} if rejected else left_out


def active_records(
    records: Grouped, store: Reader, judged: bool = True, edits: Edits | None = None
) -> Iterator[Record]:
    """The records that are not left out, each in the form a person gave it and in the split its group has for good.

    What a person accepted counts, whatever it repeats and the judge says, unless it gives away an exam question.

    Args:
        judged: leave out also what the judge refused whose verdicts count.
        edits: None: nobody decided anything.
    """
    decisions = Decisions(store)
    for record, verdict in _in_final_splits(records, store, edits):
        why = decisions.repeated(record.id)
        if verdict == "rejected" or (why is not None and (verdict is None or why == "leak")):
            continue
        if not (judged and verdict is None and decisions.refused(record.id)):
            yield record


def _in_final_splits(
    records: Grouped, store: Reader, edits: Edits | None = None
) -> Iterator[tuple[Record, Verdict | None]]:
    decisions = Decisions(store)
    for group, made in records():
        found = edits.of(made) if edits is not None else None
        record = found.apply(made) if found else made
        split = decisions.split(group)
        kept = record if split in (None, record.split) else record.model_copy(update={"split": split})
        yield kept, found.verdict if found else None
