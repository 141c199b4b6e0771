"""The chat page and the routes that it needs beyond OpenAI's: what is served, examples, lookups in the books, votes.

`GET /` and `/page/…` are the page itself, `/api/…` are JSON. Offsets count characters of Python,
which are not those of JavaScript: texts are therefore sent in pieces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from .. import __version__, files
from ..pages import source
from ..reader import Reading
from ..recipe import Recipe
from ..retrieval import Match
from ..workspace import Workspace
from .errors import ApiError
from .lookup import Shelf, place, read_shelf
from .open_book import BookService, told
from .page_files import add_file, add_files

MAX_VOTES_BYTES = 64 * 2**20
"""Size of votes.jsonl beyond which none is kept: some 100,000 votes."""


class ServedCheckpoint(TypedDict):
    """A checkpoint as the page shows it: a base model continues texts, a chat model answers."""

    name: str
    kind: Literal["base", "chat"]
    step: int | None


Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Question = Annotated[str, Field(min_length=1, max_length=4_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Look(_Body):
    """An answer to be looked up in the books."""

    question: Question
    answer: Annotated[str, Field(max_length=20_000)]


class Ask(_Body):
    """A question to be answered from the books."""

    question: Question


class Search(_Body):
    """A question to be searched for in the books."""

    question: Question
    limit: Annotated[int, Field(ge=1, le=10)] = 3


class Answer(_Body):
    """One of the answers that were compared."""

    checkpoint: Annotated[str, Field(max_length=200)]
    text: Annotated[str, Field(max_length=20_000)]


class Vote(_Body):
    """Which of several answers a reader found best: its number from 0, all alike, or none good."""

    question: Text
    mode: Literal["ask", "continue"]
    answers: Annotated[list[Answer], Field(min_length=2, max_length=3)]
    choice: Annotated[int, Field(ge=0, le=2)] | Literal["tie", "none"]
    blind: bool = False
    settings: Annotated[dict[Annotated[str, Field(max_length=40)], Number], Field(max_length=12)] = {}


def page_files() -> APIRouter:
    """The page itself, in need of no key: `/` and `/page/…`."""
    router = APIRouter()
    add_file(router, "/", source("serving/page/index.html").encode(), ".html")
    add_files(router, "serving/page", "/page")
    return router


def page_router(
    checkpoints: Collection[str],
    describe: Callable[[], list[ServedCheckpoint]],
    recipe: Recipe,
    workspace: Workspace | None,
    books: BookService,
) -> APIRouter:
    """The routes of the page.

    Args:
        checkpoints: the names of those served.
        describe: says what they are, the default one first.
        recipe: its [sample] settings are where the page's settings begin.
        workspace: where books and records are read and votes.jsonl is written; None outside one.
        books: its index and reader.
    """
    router = APIRouter()
    voting = Lock()

    @router.get("/api/about")
    def about() -> dict[str, object]:
        """What is served, and what the page can offer here."""
        sample = recipe.sample
        return {
            "version": __version__,
            "checkpoints": describe(),
            "settings": {
                "temperature": sample.temperature,
                "top_p": sample.top_p,
                "repetition_penalty": sample.repetition_penalty,
                "max_tokens": sample.max_new_tokens,
            },
            "most_tokens": recipe.serve.max_tokens,
            "workspace": workspace is not None,
            "open_book": books.has_books,
            "reader": books.has_reader,
        }

    @router.get("/api/examples")
    def examples(
        count: Annotated[int, Query(ge=1, le=24)] = 6, turn: Annotated[int, Query(ge=0, le=10_000)] = 0
    ) -> dict[str, object]:
        """Questions of the records and beginnings of chapters; another `turn` gives others."""
        shelf = _shelf()
        return {"books": shelf.books, **shelf.examples(count, turn)}

    @router.post("/api/look")
    def look(body: Look) -> dict[str, object]:
        """An answer with the names of the wrong book marked, and what the records say of it."""
        shelf = _shelf()
        return {
            "book": shelf.book_of(body.question),
            "parts": shelf.parts(body.question, body.answer),
            "record": shelf.verdict(body.question, body.answer),
        }

    @router.post("/api/open-book")
    async def search(body: Search) -> dict[str, object]:
        """The passages of the books that match a question best."""
        with told():
            book = await books.open()
            found = await asyncio.to_thread(book.search, body.question, body.limit)
        return {"passages": [_passage(one) for one in found]}

    @router.post("/api/read")
    async def read_answer(body: Ask) -> dict[str, Any]:
        """What the books say to a question, and where; `answer` is empty where they do not tell."""
        with told():
            reading = await books.read(body.question)
        return {"answer": reading.answer, "probability": round(reading.probability, 4), "place": _place_of(reading)}

    @router.get("/api/chapter")
    def read(
        book: Annotated[str, Query(max_length=200)],
        chapter: Annotated[int, Query(ge=1)],
        start: Annotated[int, Query(ge=0)] = 0,
        end: Annotated[int, Query(ge=0)] = 0,
    ) -> dict[str, object]:
        """A chapter in three pieces: before, inside and after a span of its characters."""
        found = _shelf().chapters.get((book, chapter))
        if found is None:
            raise ApiError(404, f"There is no chapter {chapter} of {book} here.")
        text = found.text
        return {**place(found, start, end), "pieces": [text[:start], text[start:end], text[max(start, end) :]]}

    @router.post("/api/votes")
    def vote(body: Vote) -> dict[str, bool]:
        """Append a vote to votes.jsonl in the workspace."""
        if workspace is None:
            raise ApiError(404, "Votes are kept in a workspace, and the server was not started in one.")
        unknown = [answer.checkpoint for answer in body.answers if answer.checkpoint not in checkpoints]
        if unknown or (isinstance(body.choice, int) and body.choice >= len(body.answers)):
            what = f"{unknown[0]} is not served here" if unknown else f"there is no answer {body.choice}"
            raise ApiError(400, f"The vote cannot be kept: {what}.")
        row = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **body.model_dump()}
        path = workspace.votes
        with voting, told():  # routes run in threads, and two rows must not mix
            if path.exists() and path.stat().st_size > MAX_VOTES_BYTES:
                raise ApiError(409, "votes.jsonl is full (64 MB). Move it away to keep more votes.")
            files.append_jsonl(path, row)
        return {"kept": True}

    def _shelf() -> Shelf:
        with told():
            return read_shelf(workspace) if workspace is not None else Shelf([], {}, [])

    return router


def served_checkpoint(name: str, about: Mapping[str, Any]) -> ServedCheckpoint:
    """A checkpoint for the page, from what its folder says of it."""
    # A model from elsewhere is taken for one that answers: most are.
    return {"name": name, "kind": "base" if about.get("stage") == "pretrain" else "chat", "step": about.get("step")}


def _place_of(reading: Reading) -> dict[str, object] | None:
    if not reading.found:
        return None
    own = {"book": reading.book, "chapter": reading.chapter, "title": reading.title}
    return {**own, "start": reading.start, "end": reading.end}


def _passage(found: Match) -> dict[str, object]:
    pieces, at = [], 0
    for start, end in found.marks:
        pieces += [{"text": found.text[at:start], "marked": False}, {"text": found.text[start:end], "marked": True}]
        at = end
    pieces.append({"text": found.text[at:], "marked": False})
    own = {"book": found.book, "chapter": found.chapter, "title": found.title, "start": found.start, "end": found.end}
    return {**own, "pieces": [piece for piece in pieces if piece["text"]]}
