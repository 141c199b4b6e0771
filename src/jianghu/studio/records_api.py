"""`/studio/records`: records found, read beside their passages, decided on; what they cover; the teacher at work."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from ..messages import tr
from ..report.names import kind_name, source_name
from ..serving.errors import ApiError
from ..synth.browse import Filter, state_group
from ..synth.edits import Fields
from .context import Studio
from .record_views import (
    COLUMNS,
    counted_in,
    coverage_of,
    earlier_of,
    here,
    labelled,
    passage_of,
    shown,
    shown_change,
    standing,
    state_words,
)
from .records import RecordRoom
from .teacher_view import TeacherWatcher

SLOW, REST = 0.2, 20.0
"""Seconds of counting that are long, and for how many times as long the counts then stand."""
Id = Annotated[str, Field(min_length=1, max_length=300)]
Words = Annotated[str, Field(max_length=4_000)]
Name = Annotated[str, Query(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Decide(_Body):
    """A record that is accepted or rejected, or all wordings of its fact."""

    id: Id
    action: Literal["accept", "reject"]
    wordings: bool = False


class Changed(_Body):
    """What a record says; an empty short answer is taken from the answer."""

    question: Words
    answer: Words
    short_answer: Words = ""
    aliases: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=50)] = []
    kind: Annotated[str, Field(max_length=40)] = ""


class Edit(_Body):
    """A record in other words; `wordings`: its answer goes to all wordings of its fact."""

    id: Id
    fields: Changed
    wordings: bool = False


class Write(_Body):
    """A record of one's own, with the words of a chapter that prove it; `like`: a record whose fact it asks again."""

    fields: Changed
    book: Annotated[str, Field(max_length=200)] = ""
    chapter: Annotated[int, Field(ge=1)] | None = None
    evidence: Words = ""
    like: Annotated[str, Field(max_length=300)] = ""


class Undo(_Body):
    """The newest change is taken back, of all records or of this one."""

    id: Annotated[str, Field(max_length=300)] | None = None


def router(studio: Studio) -> APIRouter:
    """`/studio/records`."""
    router, ws = APIRouter(prefix="/studio/records"), studio.workspace
    room = RecordRoom(ws, studio.events)
    teacher = TeacherWatcher(ws)
    studio.events.watchers += [room.watch, teacher]
    counted: dict[str, tuple[int, float, dict[str, object]]] = {}

    def once(name: str, make: Callable[[], dict[str, object]]) -> dict[str, object]:
        """What is counted anew only when records have changed, and only so often where that takes long."""
        version, now = room.search.version(), time.monotonic()
        if name in counted and (counted[name][0] == version or now < counted[name][1]):
            return counted[name][2]
        made = make()
        took = time.monotonic() - now
        counted[name] = (version, now + (REST * took if took > SLOW else 0.0), made)
        return made

    def answer(ids: Iterable[str]) -> dict[str, object]:
        rows = [row for id_ in ids if (row := room.search.one(id_)) is not None]
        return {"records": [shown(row) for row in rows], **standing(ws, room)}

    @router.get("")
    def page(
        book: Name = "",
        chapter: Annotated[int | None, Query(ge=1)] = None,
        kind: Name = "",
        source: Name = "",
        state: Name = "",
        mine: Name = "",
        person: Name = "",
        q: Name = "",
        after: Annotated[str, Query(max_length=60, pattern=r"^(\d+\.\d+)?$")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, object]:
        """Records that match, a page at a time."""
        search = room.search
        room.look()
        forms = room.forms(person, book) if person else ()
        found = search.page(Filter(book, chapter, kind, source, state, mine, q, forms), after, limit)
        return {
            "records": [shown(row) for row in found.rows],
            "total": found.total,
            "more": found.more,
            "after": found.after,
            "reading": room.reading,
            "problem": room.problem,
            **standing(ws, room),
        }

    @router.get("/about")
    def about() -> dict[str, object]:
        """What one can choose by: books with their chapters, kinds, sources, states; how many records have each."""
        room.look()
        counts = once("counts", lambda: {name: room.search.counts(name) for name in COLUMNS})
        books: dict[str, list[dict[str, object]]] = defaultdict(list)
        for (book, number), chapter in room.chapters().items():
            books[book].append({"chapter": number, "title": chapter.title, "characters": len(chapter.text)})
        people, states = room.people(), labelled(counted_in(counts, "state"), state_words)
        return {
            "books": [
                {
                    "name": name,
                    "chapters": chapters,
                    "records": counted_in(counts, "book").get(name, 0),
                    "people": people.get(name, []),
                }
                for name, chapters in books.items()
            ],
            "kinds": labelled(counted_in(counts, "kind"), kind_name),
            "sources": labelled(counted_in(counts, "source"), source_name),
            "states": [{**row, "group": state_group(str(row["value"]))} for row in states],
            "mine": counted_in(counts, "mine"),
            "records": sum(counted_in(counts, "book").values()),
            "reading": room.reading,
        }

    @router.get("/one")
    def one(id: Annotated[str, Query(max_length=300)]) -> dict[str, object]:
        """A record with its passage, its history, and the other wordings of its fact."""
        row = room.row(id)
        with room.deciding() as edits:
            decision, history = edits.decision(id), edits.history(id)
        made = decision.made if decision and decision.fields else None
        return {
            **shown(row),
            "aliases": row.aliases,
            "split": row.split,
            "made": made.model_dump(include=set(Fields.model_fields)) if made else None,
            "passage": passage_of(room, row),
            "history": [shown_change(change, undone) for change, undone in history],
            "wordings": [shown(other) for other in room.search.wordings(row.fact) if other.id != row.id],
            "earlier": earlier_of(ws, room, row),
        }

    @router.get("/chapter")
    def chapter(book: Name, chapter: Annotated[int, Query(ge=1)]) -> dict[str, object]:
        """A chapter, to write a record about."""
        found = room.chapters().get((book, chapter))
        if found is None:
            raise ApiError(404, tr("There is no such chapter."), "no_chapter")
        return {"book": book, "chapter": chapter, "title": found.title, "text": found.text}

    @router.get("/coverage")
    def coverage() -> dict[str, object]:
        """Book by book and chapter by chapter how many records there are of each kind."""
        room.look()
        found = once("coverage", lambda: coverage_of(room))
        kinds = found["kinds"]
        assert isinstance(kinds, list)
        return {**found, "labels": {kind: here(kind_name(kind)) for kind in kinds}}

    @router.get("/teacher")
    def at_work() -> dict[str, object]:
        """Where the teacher's work stands."""
        return teacher.look()

    @router.post("/decide")
    def decide(body: Decide) -> dict[str, object]:
        """Accept or reject."""
        return answer(room.decide(body.id, body.action, body.wordings))

    @router.post("/edit")
    def edit(body: Edit) -> dict[str, object]:
        """Put a record in other words."""
        return answer(room.edit(body.id, body.fields.model_dump(), body.wordings))

    @router.post("/write")
    def write(body: Write) -> dict[str, object]:
        """Write a record."""
        return answer(room.write(body.fields.model_dump(), body.book, body.chapter, body.evidence, body.like))

    @router.post("/undo")
    def undo(body: Undo) -> dict[str, object]:
        """Take back the newest change."""
        changes, ids = room.undo(body.id)
        return {**answer(ids), "undone": changes[0].action if changes else None, "ids": ids}

    return router
