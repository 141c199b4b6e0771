"""synth.sqlite, open for writing: every request to the teacher, every raw reply, and what became of it.

A reply is committed before anything looks into it, so a crash or a faulty parser loses nothing that was paid for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from ... import files
from ...corpus import Chapter, Passage
from ..storable import storable
from .foreign import ForeignStore
from .reader import _FROM, _REPLY, _REQUEST
from .requests import Item, LeasedRequest, Reply, Request
from .texts import Texts

PIECE = 500  # rows of one step where many are gone through


class _TakenBack(Exception):  # noqa: N818 - no error: it ends a transaction that was only tried
    """Rolls a trial back."""


class Store(ForeignStore):
    """The single source of truth of a workspace's records. See `Database` for what is raised.

    On opening, what a crash left as sent is open again.
    """

    def __init__(self, path: Path) -> None:
        self._texts = Texts(self._rows, self._insert)
        super().__init__(path, write=True)
        with self._transaction():
            self._db.execute("UPDATE requests SET state = 'open' WHERE state = 'sent' AND batch IS NULL")

    def shelve(self, chapters: Sequence[Chapter]) -> str:
        """Enter the books; passages that no longer stand in them are put aside, those that stand again come back.

        Returns a hash of the books' texts and order.
        """
        shelf = files.sha256_json([(c.book, c.chapter, c.title, files.sha256_bytes(c.text.encode())) for c in chapters])
        if self.get_meta("shelf") == shelf:
            return shelf
        place = {(chapter.book, chapter.chapter): number for number, chapter in enumerate(chapters)}
        texts = {(chapter.book, chapter.chapter): chapter.text for chapter in chapters}
        rows = [(n, c.book, c.chapter, c.title, len(c.text)) for n, c in enumerate(chapters)]
        with self._transaction():
            self._db.execute("DELETE FROM chapters")
            self._db.executemany("INSERT INTO chapters VALUES (?, ?, ?, ?, ?)", rows)
            last = 0
            while piece := self._rows(
                "SELECT id, book, chapter, start, text FROM passages WHERE id > ? ORDER BY id LIMIT ?", (last, PIECE)
            ):
                last = piece[-1][0]
                moved = []
                for number, book, chapter_number, start, passage in piece:
                    text = texts.get((book, chapter_number), "")
                    at = start if text.startswith(passage, start) else text.find(passage)
                    moved.append((place[book, chapter_number] if at >= 0 else None, max(at, 0), number))
                self._db.executemany("UPDATE passages SET place = ?, start = ? WHERE id = ?", moved)
            self.set_meta("shelf", shelf)
        return shelf

    def add_prompt(self, hash: str, name: str, text: str) -> None:
        """Remember the text of a prompt file under its hash."""
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO prompts VALUES (?, ?, ?)", (hash, name, text))

    def begin_plan(self, strategy: str, fingerprint: str) -> tuple[int, bool]:
        """The number of a strategy's plan, and whether it is made already.

        Another fingerprint begins a new plan: requests that it does not name again are no longer asked.
        """
        rows = self._rows("SELECT number, fingerprint, complete FROM plans WHERE strategy = ?", (strategy,))
        with self._transaction():
            # A newer program may read what an older one could not.
            self._db.execute(
                "UPDATE requests SET state = CASE WHEN EXISTS (SELECT 1 FROM replies WHERE request = requests.id AND "
                "accepted) THEN 'answered' ELSE 'open' END WHERE strategy = ? AND state = 'aside'",
                (strategy,),
            )
        if rows and rows[0][1] == fingerprint:
            return rows[0][0], bool(rows[0][2])
        with self._transaction():
            ((number,),) = self._rows("SELECT coalesce(max(number), 0) + 1 FROM plans")
            self._db.execute("INSERT OR REPLACE INTO plans VALUES (?, ?, ?, 0)", (strategy, number, fingerprint))
        return int(number), False

    def end_plan(self, number: int) -> None:
        """Say that a plan has all its first requests."""
        with self._transaction():
            self._db.execute("UPDATE plans SET complete = 1 WHERE number = ?", (number,))

    def plan(self, number: int, requests: Iterable[Request]) -> int:
        """Enter requests, piece by piece; those that are there already join this plan with what they have.

        Those with a reply are to be read again, for the way of reading may have changed. Returns how many there were.
        """
        source, total = iter(requests), 0
        while piece := list(islice(source, PIECE)):
            with self._transaction():
                for request in piece:
                    self._enter(number, request)
            total += len(piece)
        return total

    def begin_run(self, number: int) -> None:
        """Give what earlier runs of a plan gave up, or had to wait for, another chance."""
        with self._transaction():
            self._db.execute(
                "UPDATE requests SET state = 'open', tries = 0, due = 0 WHERE plan = ? AND state IN "
                "('failed', 'waiting')",
                (number,),
            )

    def take(self, number: int, most: int, fresh: int, now: float) -> tuple[list[LeasedRequest], list[LeasedRequest]]:
        """Up to `most` requests of a plan, marked as sent: those whose time to try again has come, and fresh ones.

        Args:
            fresh: at most so many that this run has not tried yet.
            now: by the run's clock.
        """
        head = f"SELECT tries, avoid, {_REQUEST} {_FROM} WHERE plan = ? AND"
        with self._transaction():
            again = self._rows(f"{head} state = 'waiting' AND due <= ? ORDER BY due LIMIT ?", (number, now, most))
            new = self._rows(
                f"{head} state = 'open' ORDER BY rank, requests.id LIMIT ?", (number, min(fresh, most - len(again)))
            )
            self._db.executemany("UPDATE requests SET state = 'sent' WHERE id = ?", [(row[2],) for row in again + new])
            found = [self._taken(row) for row in again], [self._taken(row) for row in new]
            self.set_aside(self.damaged)
        return [one for one in found[0] if one], [one for one in found[1] if one]

    def _taken(self, row: Any) -> LeasedRequest | None:
        found = self._readable(row[2:])
        return LeasedRequest(*found, *row[:2]) if found else None

    def give_back(self, ids: Iterable[int]) -> None:
        """Open again what was taken and not sent."""
        with self._transaction():
            self._db.executemany(
                "UPDATE requests SET state = 'open' WHERE id = ? AND state = 'sent'", [(id_,) for id_ in ids]
            )

    def add_replies(
        self,
        replies: Sequence[tuple[int, Reply]],
        later: Iterable[tuple[int, float, int, str]] = (),
        failed: Iterable[int] = (),
    ) -> None:
        """Append replies to requests, and say what becomes of the requests; all is on the disk when this returns.

        A second good reply to one request (of a batch fetched twice) is kept as `duplicate`, and counts as paid.
        A request that is neither answered nor put off nor given up is open again.

        Args:
            replies: number of the request in the store, and what came.
            later: requests to try again: number, when by the run's clock, tries so far, hash of a key to avoid.
            failed: requests to give up for this run.
        """
        now = time.time()
        with self._transaction():
            for id_, reply in replies:
                accepted = reply.accepted
                outcome = reply.outcome
                if accepted:
                    changed = self._db.execute(
                        "UPDATE requests SET state = 'answered', batch = NULL WHERE id = ? AND state NOT IN "
                        "('answered', 'read')",
                        (id_,),
                    )
                    if changed.rowcount == 0:
                        accepted, outcome = False, "duplicate"
                else:
                    self._db.execute(
                        "UPDATE requests SET state = 'open', batch = NULL WHERE id = ? AND state = 'sent'", (id_,)
                    )
                self._db.execute(
                    "INSERT INTO replies (request, at, outcome, accepted, content, finish_reason, detail, tokens_in, "
                    "tokens_out, cost, seconds, key_hash, tokens_cached, estimated) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(id_, now, outcome, accepted, reply.content, reply.finish_reason, reply.detail),
                        *(reply.tokens_in, reply.tokens_out, reply.cost, reply.seconds, reply.key_hash),
                        *(reply.tokens_cached, reply.estimated),
                    ),
                )
            self._db.executemany(
                "UPDATE requests SET state = 'waiting', due = ?, tries = ?, avoid = ? WHERE id = ?",
                [(due, tries, avoid, id_) for id_, due, tries, avoid in later],
            )
            self._db.executemany("UPDATE requests SET state = 'failed' WHERE id = ?", [(id_,) for id_ in failed])

    def is_open(self, number: int) -> bool:
        """Whether a plan has a request that nobody has tried in this run."""
        return bool(self._rows("SELECT 1 FROM requests WHERE plan = ? AND state = 'open' LIMIT 1", (number,)))

    def next_due(self, number: int) -> float | None:
        """When the first waiting request of a plan is due, by the run's clock."""
        ((due,),) = self._rows("SELECT min(due) FROM requests WHERE plan = ? AND state = 'waiting'", (number,))
        return due

    def unread(self, number: int, most: int = PIECE) -> list[tuple[int, Request, Reply]]:
        """Requests of a plan whose reply nobody has looked into yet."""
        rows = self._rows(
            f"SELECT {_REQUEST}, {_REPLY} {_FROM} JOIN replies ON replies.request = requests.id AND accepted "
            "WHERE plan = ? AND state = 'answered' ORDER BY rank LIMIT ?",
            (number, most),
        )
        found = [(self._readable(row[:14]), Reply(*row[14:])) for row in rows]
        self.set_aside(self.damaged)
        return [(*one, reply) for one, reply in found if one]

    def set_aside(self, ids: Collection[int]) -> None:
        """Pass over requests whose reply cannot be read, until `begin_plan` gives them another chance."""
        if ids:
            with self._transaction():
                self._db.executemany("UPDATE requests SET state = 'aside' WHERE id = ?", [(id_,) for id_ in ids])

    def enter_items(self, number: int, found: Iterable[tuple[int, Sequence[Item], Iterable[Request]]]) -> int:
        """Replace the items of requests, enter the requests that follow from them, and mark them as read; in one step.

        Returns how many requests are new in the plan.

        Args:
            number: of the plan that the new requests join.
            found: number of a request in the store, what was read out of its reply, what follows.
        """
        new = 0
        with self._transaction():
            for id_, items, further in found:
                self._db.execute("DELETE FROM items WHERE request = ?", (id_,))
                rows = [
                    (id_, n, item.kind, item.verdict, json.dumps(storable(item.content), ensure_ascii=False))
                    for n, item in enumerate(items)
                ]
                self._db.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)", rows)
                new += sum(self._enter(number, request) for request in further)
                self._db.execute("UPDATE requests SET state = 'read' WHERE id = ?", (id_,))
        return new

    def unread_again(self, strategy: str) -> int:
        """Have all replies of a strategy's plan read again; returns its number."""
        ((number,),) = self._rows("SELECT coalesce(max(number), 0) FROM plans WHERE strategy = ?", (strategy,))
        with self._transaction():
            self._db.execute("UPDATE requests SET state = 'answered' WHERE plan = ? AND state = 'read'", (number,))
        return int(number)

    def set_model(
        self, endpoint: str, name: str, price_in: float, price_out: float, dialect: dict[str, object]
    ) -> None:
        """Remember how a model at an endpoint wants to be asked, and what a million of its tokens costs."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?, ?)",
                (endpoint, name, price_in, price_out, json.dumps(dialect)),
            )

    def set_meta(self, name: str, value: Any) -> None:
        """Remember a small JSON value."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value, ensure_ascii=False)))

    def _enter(self, number: int, request: Request) -> bool:
        """Enter a request; returns whether the plan did not have it."""
        body: dict[str, object] = {**request.body}
        said = [(message["role"], self._texts.number(message["content"])) for message in request.body["messages"]]
        body["messages"] = said
        body["schema"] = self._texts.number(json.dumps(request.body["schema"], ensure_ascii=False, sort_keys=True))
        entered = self._db.execute(
            "INSERT INTO requests "
            "(key, plan, strategy, stage, slot, passage, parent, prompt, model, body, rank, state) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open') ON CONFLICT (key) DO UPDATE SET "
            "plan = excluded.plan, strategy = excluded.strategy, stage = excluded.stage, passage = excluded.passage, "
            "parent = excluded.parent, prompt = excluded.prompt, rank = excluded.rank, "
            "state = CASE WHEN state = 'read' THEN 'answered' ELSE state END WHERE plan <> excluded.plan",
            (
                *(request.key, number, request.strategy, request.stage, request.slot, self._passage(request.passage)),
                *(request.parent, request.prompt, request.model, json.dumps(body, ensure_ascii=False), request.rank),
            ),
        )
        return entered.rowcount == 1

    def _passage(self, passage: Passage | None) -> int | None:
        """The number of a passage, entered if it is new."""
        if passage is None:
            return None
        hash_ = files.sha256_bytes(passage.text.encode())
        where = (passage.book, passage.chapter, hash_)
        rows = self._rows("SELECT id FROM passages WHERE book = ? AND chapter = ? AND hash = ?", where)
        if rows:
            return int(rows[0][0])
        return self._insert(
            "INSERT INTO passages (book, chapter, hash, start, place, text) VALUES (?, ?, ?, ?, "
            "(SELECT place FROM chapters WHERE book = ? AND chapter = ?), ?)",
            (*where, passage.start, passage.book, passage.chapter, passage.text),
        )

    def _insert(self, statement: str, values: Sequence[Any]) -> int:
        """Insert a row; returns its number."""
        number = self._db.execute(statement, values).lastrowid
        assert number is not None  # SQLite gives every row one
        return number

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is kept as a whole when the block ends, or not at all."""
        with self._transaction():
            yield

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What is written inside can be read inside, and is taken back when the block ends."""
        with suppress(_TakenBack), self._transaction():
            yield
            raise _TakenBack

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with super()._transaction():
                yield
        except BaseException:
            self._texts.forget()  # what it names may have been rolled back
            raise
