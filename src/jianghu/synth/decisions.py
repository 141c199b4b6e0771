"""What was decided about records, whatever made them: their splits, what repeats what, what a judge said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..llm.store.reader import Reader
from ..llm.store.store import PIECE, Store

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
