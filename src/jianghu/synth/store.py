"""synth.sqlite: every request to the teacher, every raw reply, and what became of it; the single source of truth.

A reply is committed before anything looks into it, so a crash or a faulty parser loses nothing that was paid for.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from .. import files
from ..errors import InputError, RunError

VERSION = 1
_SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE requests (
    key TEXT PRIMARY KEY,          -- sha256 of model, messages, parameters, schema
    place INTEGER,                 -- order on the shelf; NULL: its passage is no longer in the books
    book TEXT NOT NULL, chapter INTEGER NOT NULL, start INTEGER NOT NULL, passage TEXT NOT NULL,
    model TEXT NOT NULL, body TEXT NOT NULL, planned REAL NOT NULL
);
CREATE TABLE replies (             -- append-only
    id INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES requests(key), at REAL NOT NULL,
    outcome TEXT NOT NULL, accepted INTEGER NOT NULL, content TEXT NOT NULL, finish_reason TEXT, detail TEXT NOT NULL,
    tokens_in INTEGER, tokens_out INTEGER, cost REAL NOT NULL, seconds REAL NOT NULL
);
CREATE UNIQUE INDEX one_accepted ON replies(key) WHERE accepted;
CREATE TABLE records (             -- remade from the replies at will
    key TEXT NOT NULL REFERENCES requests(key), item INTEGER NOT NULL,
    verdict TEXT NOT NULL,         -- accepted, or why not
    content TEXT NOT NULL, PRIMARY KEY (key, item)
);
PRAGMA user_version = {VERSION};
"""


@dataclass(frozen=True)
class Request:
    """One thing to ask: a passage, and what is sent for it."""

    key: str
    place: int
    book: str
    chapter: int
    start: int
    passage: str
    model: str
    body: dict[str, Any]  # messages, parameters and schema


@dataclass(frozen=True)
class Reply:
    """What came of one sending.

    Attributes:
        outcome: ok, truncated, empty, filtered, invalid, slow_down, busy, timeout, unreachable, dead, not_found or
            bad_request.
        content: the teacher's text; empty unless the outcome is ok or truncated.
        detail: the status and the server's words, for what failed; never holds a key.
        wait: seconds the server asks to wait before the next try.
    """

    outcome: str
    content: str = ""
    finish_reason: str | None = None
    detail: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float = 0.0
    seconds: float = 0.0
    wait: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the request is answered: there is text, whole or cut off at the length limit."""
        return self.outcome in ("ok", "truncated") and bool(self.content.strip())


@dataclass(frozen=True)
class Verdict:
    """What was decided about one item of a reply: `accepted` or the reason against it, and the item's fields."""

    verdict: str
    content: dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """An accepted item with the request that it came from; `item` is its number in the reply."""

    key: str
    book: str
    chapter: int
    start: int
    passage: str
    item: int
    content: dict[str, Any]


class Store:
    """The database of one workspace, open for writing. Use it as a context manager or close it.

    Raises:
        InputError: the file is not a store, is damaged, or is of another version.
        RunError: another process has it open for writing, or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = ExitStack()
        self._open.enter_context(files.lock(path, path.name))
        try:
            with self._guard():
                self._db = sqlite3.connect(path, isolation_level=None)
                self._open.callback(self._db.close)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
                self._prepare()
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and free it for other processes."""
        self._open.close()

    def plan(self, requests: Sequence[Request]) -> None:
        """Enter requests; those that are there already only get their place."""
        now = time.time()
        rows = [
            (
                r.key,
                r.place,
                r.book,
                r.chapter,
                r.start,
                r.passage,
                r.model,
                json.dumps(r.body, ensure_ascii=False),
                now,
            )
            for r in requests
        ]
        with self._transaction():
            self._db.executemany(
                "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET place = excluded.place, book = excluded.book, "
                "chapter = excluded.chapter, start = excluded.start",
                rows,
            )

    def relocate(self, find: Mapping[tuple[str, int], tuple[int, str]]) -> None:
        """Set the place of every request whose passage still stands where it stood; others are put aside.

        Args:
            find: (book, chapter) → (order on the shelf, text).
        """
        places = []
        rows = self._rows("SELECT key, book, chapter, start, passage FROM requests")
        for key, book, chapter, start, passage in rows:
            order, text = find.get((book, chapter), (0, ""))
            places.append((order if text.startswith(passage, start) else None, key))
        with self._transaction():
            self._db.executemany("UPDATE requests SET place = ? WHERE key = ?", places)

    def answered(self) -> set[str]:
        """Keys of the requests that have an accepted reply."""
        return {key for (key,) in self._rows("SELECT key FROM replies WHERE accepted")}

    def add_reply(self, key: str, reply: Reply) -> None:
        """Append a reply; it is on the disk when this returns."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO replies (key, at, outcome, accepted, content, finish_reason, detail, tokens_in, "
                "tokens_out, cost, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(key, time.time(), reply.outcome, reply.accepted, reply.content, reply.finish_reason),
                    *(reply.detail, reply.tokens_in, reply.tokens_out, reply.cost, reply.seconds),
                ),
            )

    def accepted(self, unread: bool = False) -> Iterator[tuple[Request, Reply]]:
        """Every request with its accepted reply, in the order of the shelf.

        Args:
            unread: only those about which no verdict is entered, because a crash came between.
        """
        more = "AND NOT EXISTS (SELECT 1 FROM records WHERE records.key = requests.key)" if unread else ""
        rows = self._rows(
            "SELECT requests.key, place, book, chapter, start, passage, model, body, outcome, content, finish_reason, "
            "tokens_in, tokens_out, cost, seconds FROM requests JOIN replies ON replies.key = requests.key "
            f"WHERE accepted {more} ORDER BY place, start, requests.key"
        )
        for row in rows:
            outcome, content, finish_reason, tokens_in, tokens_out, cost, seconds = row[8:]
            reply = Reply(outcome, content, finish_reason, "", tokens_in, tokens_out, cost, seconds)
            key, place, book, chapter, start, passage, model, body = row[:8]
            yield Request(key, place, book, chapter, start, passage, model, json.loads(body)), reply

    def set_verdicts(self, verdicts: Iterable[tuple[str, Sequence[Verdict]]]) -> None:
        """Replace what is known about the items of requests, all in one step."""
        with self._transaction():
            for key, items in verdicts:
                self._db.execute("DELETE FROM records WHERE key = ?", (key,))
                self._db.executemany(
                    "INSERT INTO records VALUES (?, ?, ?, ?)",
                    [(key, n, v.verdict, json.dumps(v.content, ensure_ascii=False)) for n, v in enumerate(items)],
                )

    def kept(self) -> Iterator[Kept]:
        """Accepted items on the shelf's present texts, in shelf order."""
        rows = self._rows(
            "SELECT requests.key, book, chapter, start, passage, item, content FROM requests "
            "JOIN records ON records.key = requests.key WHERE verdict = 'accepted' AND place IS NOT NULL "
            "ORDER BY place, start, requests.key, item"
        )
        for key, book, chapter, start, passage, item, content in rows:
            yield Kept(key, book, chapter, start, passage, item, json.loads(content))

    def verdicts(self) -> dict[str, int]:
        """How many items about the shelf's present texts got each verdict."""
        return dict(
            self._rows(
                "SELECT verdict, count(*) FROM records JOIN requests ON requests.key = records.key "
                "WHERE place IS NOT NULL GROUP BY verdict ORDER BY verdict"
            )
        )

    def outcomes(self) -> dict[str, int]:
        """How many sendings had each outcome."""
        return dict(self._rows("SELECT outcome, count(*) FROM replies GROUP BY outcome ORDER BY outcome"))

    def spent(self) -> tuple[int, float]:
        """Tokens and money of all replies."""
        ((tokens, cost),) = self._rows(
            "SELECT coalesce(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), 0), coalesce(sum(cost), 0.0) "
            "FROM replies"
        )
        return tokens, cost

    def get_meta(self, name: str) -> Any:
        """A small remembered value, or None."""
        rows = self._rows("SELECT value FROM meta WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def set_meta(self, name: str, value: Any) -> None:
        """Remember a small JSON value."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value, ensure_ascii=False)))

    def _prepare(self) -> None:
        ((version,),) = self._rows("PRAGMA user_version")
        ((tables,),) = self._rows("SELECT count(*) FROM sqlite_master")
        if version == 0 and tables == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        elif version != VERSION:
            raise InputError(
                f"{self.path}: not a store of this version of jianghu (it is of version {version}, this one reads "
                f"{VERSION}). Move it away, or use the jianghu that wrote it."
            )

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._guard():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guard():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Turn the database's errors into ours."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.OperationalError as error:
            raise RunError(f"{self.path}: cannot be written or read: {error}. See whether the disk is full.") from None
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"{self.path}: damaged, or not a database ({error}). Move it away or restore it."
            ) from None
