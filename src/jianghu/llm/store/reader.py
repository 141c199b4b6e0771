"""What can be asked of the store without changing it; `status` opens it so while another process writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...corpus import Passage
from ..usage import asked_text
from .database import Database
from .requests import Body, Item, Kept, Kind, Reply, Request

_REQUEST = (
    "requests.id, requests.key, strategy, stage, slot, parent, prompt, model, body, rank, "
    "passages.book, passages.chapter, passages.start, passages.text"
)
_FROM = "FROM requests LEFT JOIN passages ON passages.id = requests.passage"
_SHELF = "passages.place, passages.start, strategy, stage, slot, requests.key"
"""Order of the shelf: the same however the replies arrived."""
_PRESENT = "requests.plan IN (SELECT number FROM plans) AND (requests.passage IS NULL OR passages.place IS NOT NULL)"
"""What counts: requests that a present plan asks for, about texts that stand in the books. The others wait in the
store, and come back for nothing when a plan names them again."""

_ITEMS = (
    "FROM items JOIN requests ON requests.id = items.request LEFT JOIN passages ON passages.id = requests.passage WHERE"
)
_CONTENT = "CASE WHEN json_valid(items.content) THEN items.content ELSE '{}' END"
_BOOK = f"coalesce(passages.book, json_extract({_CONTENT}, '$.book'))"
_CHAPTER = f"coalesce(passages.chapter, json_extract({_CONTENT}, '$.chapter'))"
"""Where an item belongs: what was imported says it itself."""


class Reader(Database):
    """A store that is only read. See `Database` for what is raised.

    Attributes:
        damaged: numbers of requests whose rows cannot be read; they are passed over.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        super().__init__(path, write=write)
        self.damaged: set[int] = set()

    def kept(self, kind: Kind = "record", strategy: str | None = None) -> Iterator[Kept]:
        """Accepted items of a kind, of the present plans and texts, in the order of the shelf, one by one.

        Items of requests without a passage come first.
        """
        more, values = ("AND strategy = ?", [kind, strategy]) if strategy else ("", [kind])
        rows = self._stream(
            "SELECT items.request, items.item, requests.key, strategy, stage, slot, parent, passages.book, "
            f"passages.chapter, passages.start, passages.text, items.content {_FROM} "
            "JOIN items ON items.request = requests.id WHERE items.kind = ? AND items.verdict = 'accepted' "
            f"{more} AND {_PRESENT} ORDER BY {_SHELF}, items.item",
            values,
        )
        for row in rows:
            request, item, key, strategy, stage, slot, parent = row[:7]
            if (content := self._content(request, row[11])) is not None:
                yield Kept(request, item, key, strategy, stage, slot, parent, _passage(*row[7:11]), content)

    def accepted(self, strategy: str | None = None) -> Iterator[tuple[Request, Reply]]:
        """Every request with its accepted reply, of whatever plan, in the order of the shelf, one by one."""
        more, values = ("AND strategy = ?", [strategy]) if strategy else ("", [])
        rows = self._stream(
            f"SELECT {_REQUEST}, {_REPLY} {_FROM} JOIN replies ON replies.request = requests.id "
            f"WHERE accepted {more} ORDER BY {_SHELF}",
            values,
        )
        for row in rows:
            if (found := self._readable(row[:14])) is not None:
                yield found[1], Reply(*row[14:])

    def request(self, key: str) -> Request | None:
        """The request of a key."""
        rows = self._rows(f"SELECT {_REQUEST} {_FROM} WHERE requests.key = ?", (key,))
        return self._request(rows[0])[1] if rows else None

    def reply(self, key: str) -> Reply | None:
        """The accepted reply to a request."""
        rows = self._rows(
            f"SELECT {_REPLY} FROM replies JOIN requests ON requests.id = replies.request "
            "WHERE accepted AND requests.key = ?",
            (key,),
        )
        return Reply(*rows[0]) if rows else None

    def states(self, strategy: str | None = None) -> dict[str, dict[str, int]]:
        """Of the present plans: `strategy/stage` → state → how many requests."""
        more, values = ("AND plans.strategy = ?", [strategy]) if strategy else ("", [])
        found: dict[str, dict[str, int]] = {}
        for name, stage, state, count in self._rows(
            "SELECT requests.strategy, stage, state, count(*) FROM requests JOIN plans ON plans.number = requests.plan "
            f"{more} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            values,
        ):
            found.setdefault(f"{name}/{stage}", {})[state] = count
        return found

    def count(self, strategy: str, *states: str) -> int:
        """How many requests of a strategy's present plan are in these states (none given: in any)."""
        marks = f"AND state IN ({', '.join('?' * len(states))})" if states else ""
        ((found,),) = self._rows(
            f"SELECT count(*) FROM requests WHERE plan = (SELECT number FROM plans WHERE strategy = ?) {marks}",
            (strategy, *states),
        )
        return int(found)

    def verdicts(self, kind: Kind = "record") -> dict[str, int]:
        """How many items of a kind, of the present plans and texts, got each verdict."""
        # By what is left out, which an index tells and which is little: counting stays quick.
        return dict(
            self._rows(
                "SELECT verdict, count(*) FROM items WHERE kind = ? AND request NOT IN (SELECT requests.id FROM "
                "passages JOIN requests ON requests.passage = passages.id WHERE place IS NULL UNION ALL "
                "SELECT id FROM requests WHERE plan NOT IN (SELECT number FROM plans)) "
                "GROUP BY verdict ORDER BY verdict",
                (kind,),
            )
        )

    def planned(self) -> list[str]:
        """The strategies that have a plan."""
        return [name for (name,) in self._rows("SELECT strategy FROM plans ORDER BY strategy")]

    def present(self) -> tuple[str, list[int]]:
        """What `_PRESENT` depends on: a hash of the shelf, and the numbers of the present plans."""
        return self.get_meta("shelf"), [number for (number,) in self._rows("SELECT number FROM plans ORDER BY number")]

    def newer(self, last: int, most: int | None = None) -> Iterator[tuple[int, str | None, dict[str, Any]]]:
        """Accepted records that were read after the one of a number, oldest first: number, book, fields.

        One that is read again gets a new number.
        """
        rows = self._stream(
            f"SELECT items.rowid, {_BOOK}, items.content {_ITEMS} items.rowid > ? AND kind = 'record' "
            f"AND verdict = 'accepted' AND {_PRESENT} ORDER BY items.rowid LIMIT ?",
            (last, -1 if most is None else most),
        )
        for number, book, text in rows:
            if (content := self._content(number, text)) is not None:
                yield number, book, content

    def records_after(self, last: int) -> Iterator[tuple[int, str, Kept]]:
        """Records of the present plans and texts that were read after the one of a number, accepted or not: number,
        verdict, and the record; oldest first. One that is read again gets a new number."""
        rows = self._stream(
            "SELECT items.rowid, items.verdict, items.request, items.item, requests.key, strategy, stage, slot, "
            "parent, passages.book, passages.chapter, passages.start, passages.text, items.content "
            f"{_ITEMS} items.rowid > ? AND kind = 'record' AND {_PRESENT} ORDER BY items.rowid",
            (last,),
        )
        for number, verdict, request, item, key, strategy, stage, slot, parent, *passage, text in rows:
            if (content := self._content(request, text)) is not None:
                kept = Kept(request, item, key, strategy, stage, slot, parent, _passage(*passage), content)
                yield number, verdict, kept

    def last_record(self) -> int:
        """The number of the newest of these records."""
        ((found,),) = self._rows("SELECT coalesce(max(rowid), 0) FROM items WHERE kind = 'record'")
        return int(found)

    def verdicts_of(self, strategy: str, slots: str) -> dict[str, int]:
        """How many items got each verdict, of a strategy's requests whose slot begins so."""
        rows = self._rows(
            "SELECT verdict, count(*) FROM items JOIN requests ON requests.id = items.request WHERE strategy = ? AND "
            "substr(slot, 1, ?) = ? GROUP BY verdict ORDER BY count(*) DESC, verdict",
            (strategy, len(slots), slots),
        )
        return dict(rows)

    def imported(self, strategy: str) -> list[tuple[str, str]]:
        """The first part of a strategy's slots, up to the stroke, with the stage; the last that came first."""
        rows = self._rows(
            "SELECT substr(slot, 1, instr(slot, '/') - 1), stage FROM requests JOIN replies ON replies.request = "
            "requests.id WHERE strategy = ? GROUP BY 1, 2 ORDER BY max(replies.id) DESC",
            (strategy,),
        )
        return [(first, stage) for first, stage in rows]

    def by_chapter(self, kind: Kind) -> dict[tuple[str, int], int]:
        """How many accepted items of a kind are about each chapter: (book, chapter) → count."""
        rows = self._rows(
            f"SELECT {_BOOK}, {_CHAPTER}, count(*) {_ITEMS} kind = ? AND verdict = 'accepted' AND {_PRESENT} "
            "GROUP BY 1, 2",
            (kind,),
        )
        return {(book, chapter): count for book, chapter, count in rows if isinstance(chapter, int)}

    def received_since(self, at: float, most: int) -> int:
        """How many good replies came since a time of the wall clock; of the newest `most` replies."""
        ((found,),) = self._rows(
            "SELECT count(*) FROM (SELECT at, accepted FROM replies ORDER BY id DESC LIMIT ?) "
            "WHERE at >= ? AND accepted",
            (most, at),
        )
        return int(found)

    def first_requests(self, strategy: str) -> int:
        """How many requests of a strategy's present plan follow from no other one."""
        ((found,),) = self._rows(
            "SELECT count(*) FROM requests "
            "WHERE parent IS NULL AND plan = (SELECT number FROM plans WHERE strategy = ?)",
            (strategy,),
        )
        return int(found)

    def open_bodies(self, strategy: str, stage: str | None, most: int) -> list[Body]:
        """Bodies of some requests of a strategy's present plan that are to be asked."""
        more, values = ("AND stage = ?", [strategy, stage]) if stage else ("", [strategy])
        rows = self._rows(
            f"SELECT {_REQUEST} {_FROM} WHERE plan = (SELECT number FROM plans WHERE strategy = ?) {more} "
            "AND state = 'open' ORDER BY rank LIMIT ?",
            [*values, most],
        )
        return [found[1].body for row in rows if (found := self._readable(row)) is not None]

    def newest(self, most: int) -> Iterator[tuple[Request, Reply, list[Item]]]:
        """The newest good replies with their requests and what was read out of them, oldest first."""
        rows = self._rows(
            f"SELECT {_REQUEST}, {_REPLY} "
            "FROM (SELECT * FROM replies WHERE accepted ORDER BY id DESC LIMIT ?) AS replies "
            "JOIN requests ON requests.id = replies.request LEFT JOIN passages ON passages.id = requests.passage "
            "ORDER BY replies.id",
            (most,),
        )
        for row in rows:
            if (found := self._readable(row[:14])) is None:
                continue
            number, request = found
            items = self._rows("SELECT verdict, content, kind FROM items WHERE request = ? ORDER BY item", (number,))
            read = [(verdict, self._content(number, text), kind) for verdict, text, kind in items]
            yield request, Reply(*row[14:]), [Item(verdict, content or {}, kind) for verdict, content, kind in read]

    def outcomes(self) -> dict[str, int]:
        """How many sendings had each outcome."""
        return dict(self._rows("SELECT outcome, count(*) FROM replies GROUP BY outcome ORDER BY outcome"))

    def totals(self, strategy: str) -> tuple[int, int, float, float]:
        """Of all sendings of a strategy: good replies, tokens, money, and the mean seconds of good replies."""
        ((good, tokens, cost, seconds),) = self._rows(
            "SELECT coalesce(sum(accepted), 0), coalesce(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), 0), "
            "coalesce(sum(cost), 0.0), coalesce(avg(CASE WHEN accepted THEN seconds END), 0.0) FROM replies "
            "JOIN requests ON requests.id = replies.request WHERE strategy = ?",
            (strategy,),
        )
        return int(good), int(tokens), float(cost), float(seconds)

    def spent(self) -> tuple[int, float]:
        """Tokens and money of all replies."""
        ((tokens, cost),) = self._rows(
            "SELECT coalesce(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), 0), coalesce(sum(cost), 0.0) "
            "FROM replies"
        )
        return tokens, cost

    def estimated(self) -> int:
        """How many replies have tokens that are estimated, since the server gave no counts that can be right."""
        ((found,),) = self._rows("SELECT count(*) FROM replies WHERE estimated")
        return int(found)

    def cached(self) -> tuple[int, int]:
        """Tokens of all prompts that came out of a cache, and of all prompts."""
        ((cached, asked),) = self._rows(
            "SELECT coalesce(sum(tokens_cached), 0), coalesce(sum(tokens_in), 0) FROM replies"
        )
        return int(cached), int(asked)

    def by_model(self) -> dict[str, dict[str, float]]:
        """Model → its good replies, tokens_in, tokens_out and cost of all sendings, the dearest model first."""
        rows = self._rows(
            "SELECT model, sum(accepted), coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0), sum(cost) "
            "FROM replies JOIN requests ON requests.id = replies.request GROUP BY model ORDER BY sum(cost) DESC, model"
        )
        names = ("replies", "tokens_in", "tokens_out", "cost")
        return {model: dict(zip(names, figures, strict=True)) for model, *figures in rows}

    def dialect(self, endpoint: str, name: str) -> dict[str, Any] | None:
        """How a model at an endpoint wants to be asked, if that was probed."""
        rows = self._rows("SELECT dialect FROM models WHERE endpoint = ? AND name = ?", (endpoint, name))
        return json.loads(rows[0][0]) if rows and rows[0][0] else None

    def measured(self, model: str, stage: str | None, most: int) -> list[tuple[int, int, int, int]]:
        """Of a model's newest good replies: characters of the prompt, tokens in, tokens from a cache, tokens out."""
        more, values = ("AND stage = ?", [model, stage]) if stage else ("", [model])
        rows = self._rows(
            f"SELECT {_REQUEST}, tokens_in, tokens_cached, tokens_out {_FROM} JOIN replies ON replies.request = "
            f"requests.id WHERE accepted AND tokens_in > 0 AND model = ? {more} ORDER BY replies.id DESC LIMIT ?",
            [*values, most],
        )
        found = [(self._readable(row[:14]), row[14:]) for row in rows]
        return [(len(asked_text(one[1].body["messages"])), *figures) for one, figures in found if one]

    def get_meta(self, name: str) -> Any:
        """A small remembered value, or None."""
        rows = self._rows("SELECT value FROM meta WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def _readable(self, row: Any) -> tuple[int, Request] | None:
        """See `_request`; None where a damaged row cannot be read, which is remembered."""
        try:
            return self._request(row)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.damaged.add(row[0])
            return None

    def _content(self, request: int, text: str) -> dict[str, Any] | None:
        """The fields of an item; None where they cannot be read, which is remembered."""
        try:
            content = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            content = None
        if not isinstance(content, dict):
            self.damaged.add(request)
            return None
        return content

    def _request(self, row: Any) -> tuple[int, Request]:
        """Number and request of a row of `_REQUEST`; the body's texts are put back."""
        number, key, strategy, stage, slot, parent, prompt, model, body, rank, *passage = row
        filled = json.loads(body)
        filled["messages"] = [{"role": role, "content": self._text(text)} for role, text in filled["messages"]]
        filled["schema"] = json.loads(self._text(filled["schema"]))
        made = _passage(*passage)
        return number, Request(key, strategy, stage, slot, made, parent, prompt, model, filled, rank)

    def _text(self, number: int) -> str:
        ((text,),) = self._rows("SELECT text FROM texts WHERE id = ?", (number,))
        return str(text)


_REPLY = (
    "outcome, content, finish_reason, detail, tokens_in, tokens_out, cost, seconds, NULL, key_hash, tokens_cached, "
    "estimated"
)


def _passage(book: str | None, chapter: int, start: int, text: str) -> Passage | None:
    return Passage(book, chapter, start, start + len(text), text) if book is not None else None
