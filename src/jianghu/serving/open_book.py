"""What the book says, for clients: under a model name of its own in OpenAI's shapes, and for the page.

A question goes in; the answer that the reader finds comes out, with citations. Nothing here writes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from ..errors import JianghuError
from ..reader import Reader, Reading, load_reader
from ..retrieval import OpenBook
from ..text import is_chinese
from ..workspace import Workspace
from .errors import ApiError
from .index import Index, is_refused
from .requests import ChatRequest
from .responses import ChatAnswer, ChatChoice, ChatChunk, ChatCompletion, ChunkChoice, Citation, Delta, Usage
from .service import new_id

OPEN_BOOK = "jianghu-open-book"
"""The model name under which the reader answers."""
NOT_FOUND, NOT_FOUND_ENGLISH = "书里没有找到。", "Nothing of it was found in the books."
"""What the reader says where the books do not tell."""


class BookService:
    """The index and the reader of a workspace, opened when they are first asked for.

    Args:
        workspace: None outside one: there are no books then.
    """

    def __init__(self, workspace: Workspace | None) -> None:
        self.workspace = workspace
        self._index, self._opening, self._loading = Index(), asyncio.Lock(), Lock()
        self._reader: Reader | None = None
        self._stamp: tuple[int, str] | None = None

    @property
    def has_books(self) -> bool:
        """Whether there are passages to look in."""
        return self.workspace is not None and self.workspace.chapters.exists()

    @property
    def has_reader(self) -> bool:
        """Whether a reader was trained."""
        return self.workspace is not None and self.has_books and self.workspace.has_reader

    async def open(self) -> OpenBook:
        """The index; made first where it is not there, while others wait and in no thread of theirs.

        Raises:
            ApiError: 404, there are no books; 503, they cannot be read.
        """
        if self.workspace is None or not self.has_books:
            raise ApiError(404, "There are no books here: the server was not started in a prepared workspace.")
        with told():
            async with self._opening:
                return await asyncio.to_thread(self._index.open, self.workspace)

    async def read(self, question: str) -> Reading:
        """The answer of the books.

        Raises:
            ApiError: 404, there are no books or no reader.
        """
        book = await self.open()
        if not self.has_reader:
            raise ApiError(404, "There is no reader here: `jianghu reader` trains one.")
        with told():
            return await asyncio.to_thread(self._read, question, book)

    def _read(self, question: str, book: OpenBook) -> Reading:
        with self._loading:  # loaded once, and again when it was trained anew
            assert self.workspace is not None
            path = self.workspace.reader / "model.safetensors"
            stamp = (path.stat().st_mtime_ns, str(book.path))
            if self._reader is None or stamp != self._stamp:
                self._reader, self._stamp = load_reader(self.workspace.reader, book), stamp
            reader = self._reader
        return reader.read(question)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What is wrong with the workspace's files is told to the reader, who can mend it."""
    try:
        yield
    except JianghuError as error:
        raise ApiError(503, str(error), type="server_error") from None
    except OSError as error:
        where = f" {Path(error.filename).name!r}" if error.filename else ""
        message = f"The workspace does not allow it:{where} {error.strerror}."
        raise ApiError(403 if is_refused(error) else 503, message, type="server_error") from None


def citations(reading: Reading) -> list[Citation]:
    """Where the answer stands; none where nothing was found."""
    if not reading.found:
        return []
    return [
        Citation(
            book=reading.book,
            chapter=reading.chapter,
            title=reading.title,
            start=reading.start,
            end=reading.end,
            text=reading.text,
            passage=reading.passage,
            probability=round(reading.probability, 4),
        )
    ]


async def chat_completion(asked: ChatRequest, books: BookService, began: int) -> Response:
    """The answer to the last question of a talk, whole or as events.

    Raises:
        ApiError: 400, there is no question; 404, no reader.
    """
    asked.check()
    question = next((message.text for message in reversed(asked.messages) if message.role == "user"), "").strip()
    if not question:
        raise ApiError(400, "The last message of the user is empty: ask something.", "invalid_value", "messages")
    reading = await books.read(question)
    said, found = reading.answer or (NOT_FOUND if is_chinese(question) else NOT_FOUND_ENGLISH), citations(reading)
    # The reader has no tokens: characters are counted.
    usage = Usage(prompt_tokens=len(question), completion_tokens=len(said), total_tokens=len(question) + len(said))
    name: dict[str, Any] = {"id": new_id("chatcmpl"), "created": began, "model": OPEN_BOOK, "system_fingerprint": None}
    if not asked.stream:
        message = ChatAnswer(role="assistant", content=said, refusal=None)
        choice = ChatChoice(index=0, message=message, logprobs=None, finish_reason="stop")
        body = ChatCompletion(**name, object="chat.completion", choices=[choice], usage=usage, citations=found)
        return Response(body.model_dump_json(exclude_unset=True), media_type="application/json")

    def event(choices: list[ChunkChoice], **more: Any) -> str:
        chunk: BaseModel = ChatChunk(**name, object="chat.completion.chunk", choices=choices, **more)
        return f"data: {chunk.model_dump_json(exclude_unset=True)}\n\n"

    def events() -> Iterator[str]:
        opening = Delta(role="assistant", content=said)
        yield event([ChunkChoice(index=0, delta=opening, logprobs=None, finish_reason=None)])
        yield event([ChunkChoice(index=0, delta=Delta(), logprobs=None, finish_reason="stop")], citations=found)
        if asked.stream_options is not None and asked.stream_options.include_usage:
            yield event([], usage=usage)
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
