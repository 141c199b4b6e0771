"""What is asked of the index of records: a page of those that match, how many there are, and what covers what."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from typing import Any

from ...retrieval.terms import HAN, terms
from .index import RecordIndex
from .rows import SELECT, Row, row_of

MOST_COUNTED = 10_000
"""Matches of a search beyond which they are not counted."""
FEW = 5_000
"""Records of a filter up to which their texts are compared one by one, without the index of words."""


@dataclass(frozen=True)
class Filter:
    """Which records are wanted; empty: all.

    Attributes:
        text: words with blanks between; each must stand in the question, the answer or an alias.
        person: forms of a name, of which one must.
        mine: what a person decided; `none`: nothing.
    """

    book: str = ""
    chapter: int | None = None
    kind: str = ""
    source: str = ""
    state: str = ""
    mine: str = ""
    text: str = ""
    person: tuple[str, ...] = ()

    @property
    def searches(self) -> bool:
        """Whether texts must be looked into."""
        return bool(self.text.strip() or self.person)


@dataclass(frozen=True)
class Page:
    """Some records in order.

    Attributes:
        total: how many match in all; with `more`: at least so many.
        after: where the next page begins; empty where this is the last one.
    """

    rows: list[Row]
    total: int
    more: bool
    after: str


class RecordSearch:
    """Questions to an index; each opens the file for itself, so any thread may ask."""

    def __init__(self, index: RecordIndex) -> None:
        self.index = index

    def page(self, wanted: Filter, after: str = "", most: int = 50) -> Page:
        """A page of the records that match, in the order of the list, or of the text where a chapter is wanted.

        Args:
            after: what the page before gave as `after`.
        """
        with closing(self.index.connect()) as db:
            return self._page(db, wanted, after, most)

    def _page(self, db: sqlite3.Connection, wanted: Filter, after: str, most: int) -> Page:
        source, where, values = _matching(wanted, _is_few(db, wanted))
        number = "words.rowid" if "words" in source else "records.n"  # what the tables are read in the order of
        last = [int(part) for part in after.split(".")] if after else [-1, 0]
        if wanted.chapter is None:
            place, order, beyond, last = "0", "{n}", "{n} > ?", last[1:]
        else:
            place = 'coalesce(records.start, records."at", 0)'
            order, beyond = f"{place}, {{n}}", f"({place}, {{n}}) > (?, ?)"
        found = db.execute(
            f"SELECT {SELECT}, {place} FROM records WHERE n IN (SELECT {number} {source} WHERE {where} AND "
            f"{beyond.format(n=number)} ORDER BY {order.format(n=number)} LIMIT ?) ORDER BY {order.format(n='n')}",
            [*values, *last, most + 1],
        ).fetchall()
        total, more = self._count(db, wanted, source, where, values)
        rows = [row_of(row[:-1]) for row in found[:most]]
        end = f"{found[most - 1][-1]}.{rows[-1].n}" if len(found) > most else ""
        return Page(rows, total, more, end)

    def _count(
        self, db: sqlite3.Connection, wanted: Filter, source: str, where: str, values: Sequence[Any]
    ) -> tuple[int, bool]:
        if not wanted.searches:
            ((total,),) = db.execute(f"SELECT count(*) {source} WHERE {where}", values).fetchall()
            return int(total), False
        ((total,),) = db.execute(
            f"SELECT count(*) FROM (SELECT 1 {source} WHERE {where} LIMIT ?)", [*values, MOST_COUNTED + 1]
        ).fetchall()
        return min(int(total), MOST_COUNTED), total > MOST_COUNTED

    def one(self, record_id: str) -> Row | None:
        """The record of an id."""
        with closing(self.index.connect()) as db:
            row = db.execute(f"SELECT {SELECT} FROM records WHERE id = ?", (record_id,)).fetchone()
        return row_of(row) if row else None

    def wordings(self, fact: str, most: int = 100) -> list[Row]:
        """The records that ask one fact."""
        with closing(self.index.connect()) as db:
            rows = db.execute(f"SELECT {SELECT} FROM records WHERE fact = ? ORDER BY wording, n LIMIT ?", (fact, most))
            return [row_of(row) for row in rows.fetchall()]

    def version(self) -> int:
        """Grows with each change of the index."""
        with closing(self.index.connect()) as db:
            row = db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
        return int(json.loads(row[0])) if row else 0

    def counts(self, column: str, book: str = "") -> dict[str, int]:
        """How many records, of all books or of one, have each value of a column of the filters, the commonest first."""
        assert column in {field.name for field in fields(Filter)} - {"text", "person", "chapter"}
        where, values = ("WHERE book = ?", [book]) if book else ("", [])
        with closing(self.index.connect()) as db:
            rows = db.execute(
                f"SELECT {column}, count(*) FROM records INDEXED BY facets {where} GROUP BY 1 ORDER BY 2 DESC, 1",
                values,
            )
            return dict(rows.fetchall())

    def coverage(self) -> list[tuple[str, int | None, str, str, str, int]]:
        """How many records there are by book, chapter, kind, state and what a person decided."""
        with closing(self.index.connect()) as db:
            return db.execute(
                "SELECT book, chapter, kind, state, mine, count(*) FROM records INDEXED BY facets "
                "GROUP BY 1, 2, 3, 4, 5"
            ).fetchall()


def _is_few(db: sqlite3.Connection, wanted: Filter) -> bool:
    """Whether a filter leaves so few records that a search may look into all of them."""
    plain = replace(wanted, text="", person=())
    if not wanted.searches or plain == Filter():
        return False
    source, where, values = _matching(plain)
    ((count,),) = db.execute(f"SELECT count(*) FROM (SELECT 1 {source} WHERE {where} LIMIT ?)", [*values, FEW + 1])
    return bool(count <= FEW)


def _matching(wanted: Filter, few: bool = False) -> tuple[str, str, list[Any]]:
    """Tables, conditions and values that find what is wanted; texts are read only where they are searched.

    Args:
        few: the filter alone leaves few.
    """
    where: list[str] = []
    values: list[Any] = []
    found = "" if few else _looked_for(wanted)
    if found:
        where.append("words MATCH ?")
        values.append(found)
    for name in ("book", "chapter", "kind", "source", "state"):
        if (value := getattr(wanted, name)) not in ("", None):
            where.append(f"records.{name} = ?")
            values.append(value)
    if wanted.mine:
        where.append("records.mine = ?")
        values.append("" if wanted.mine == "none" else wanted.mine)
    text = "lower(records.question || '\n' || records.answer || '\n' || records.aliases)"
    for word in wanted.text.split():
        where.append(f"instr({text}, ?) > 0")
        values.append(_lower(word))
    if wanted.person:
        where.append(f"({' OR '.join([f'instr({text}, ?) > 0'] * len(wanted.person))})")
        values += [_lower(form) for form in wanted.person]
    source = "FROM words CROSS JOIN records ON records.n = words.rowid" if found else "FROM records"
    if few or (where and not wanted.searches):
        source += " INDEXED BY facets"  # reads no texts
    return source, " AND ".join(where) or "1", values


def _lower(text: str) -> str:
    """As SQLite lowers a text: the letters of ASCII alone."""
    return "".join(character.lower() if character.isascii() else character for character in text)


def _looked_for(wanted: Filter) -> str:
    """The search of the words, which finds all that can match; what has no terms is left to the comparison of texts."""
    parts = [_all_of(word) for word in wanted.text.split()]
    forms = [_all_of(form) for form in wanted.person]
    if forms and all(forms):
        parts.append(f"({' OR '.join(forms)})")
    return " AND ".join(part for part in parts if part)


def _all_of(word: str) -> str:
    found = dict.fromkeys(terms(word))
    pairs = [term for term in found if HAN.match(term) and len(term) == 2]
    others = [
        term for term in found if not (HAN.match(term) and (len(term) == 2 or any(term in pair for pair in pairs)))
    ]
    wanted = [f'"{term}"' if HAN.match(term) else f'"{term}"*' for term in (*pairs, *others)]
    return f"({' AND '.join(wanted)})" if wanted else ""
