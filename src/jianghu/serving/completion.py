"""From an order to an HTTP answer: whole or streamed, as a chat or as a continuation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from ..tokenizer import Tokenizer
from .errors import ApiError
from .generation_request import Ending, Order, Piece, Token
from .guard import LET_GO
from .model_worker import BACKLOG
from .responses import (
    ChatAnswer,
    ChatChoice,
    ChatChunk,
    ChatCompletion,
    ChunkChoice,
    Delta,
    TextChoice,
    TextCompletion,
    Usage,
    chat_logprobs,
    text_logprobs,
)
from .service import Service, new_id


@dataclass
class Whole:
    """A text as it grows."""

    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    ending: Ending = "stop"


@dataclass(frozen=True)
class Frame:
    """What all bodies of one answer have in common."""

    model: str
    tokenizer: Tokenizer
    likely: bool
    id: str
    created: int = field(default_factory=lambda: int(time.time()))
    system_fingerprint: str | None = None


class Shape(Protocol):
    """How a kind of answer is put into bodies."""

    def opening(self, index: int) -> BaseModel | None:
        """The event before the first piece of a text, if there is one."""

    def event(self, index: int, piece: Piece) -> BaseModel:
        """A piece of a text."""

    def usage(self, usage: Usage) -> BaseModel:
        """The last event, where usage was asked for."""

    def whole(self, texts: list[Whole], usage: Usage) -> BaseModel:
        """Everything at once."""


class ChatShape:
    """/v1/chat/completions."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def opening(self, index: int) -> BaseModel:
        return self._chunk([ChunkChoice(index=index, delta=_opening(), logprobs=None, finish_reason=None)])

    def event(self, index: int, piece: Piece) -> BaseModel:
        delta = Delta(content=piece.text) if piece.text or not piece.ending else Delta()
        likely = chat_logprobs(self.frame.tokenizer, piece.tokens) if self.frame.likely and piece.tokens else None
        return self._chunk([ChunkChoice(index=index, delta=delta, logprobs=likely, finish_reason=piece.ending)])

    def usage(self, usage: Usage) -> BaseModel:
        chunk = self._chunk([])
        chunk.usage = usage
        return chunk

    def whole(self, texts: list[Whole], usage: Usage) -> BaseModel:
        frame = self.frame
        choices = [
            ChatChoice(
                index=index,
                message=ChatAnswer(role="assistant", content=text.text, refusal=None),
                logprobs=chat_logprobs(frame.tokenizer, text.tokens) if frame.likely else None,
                finish_reason=text.ending,
            )
            for index, text in enumerate(texts)
        ]
        return ChatCompletion(
            id=frame.id,
            object="chat.completion",
            created=frame.created,
            model=frame.model,
            choices=choices,
            usage=usage,
            system_fingerprint=frame.system_fingerprint,
        )

    def _chunk(self, choices: list[ChunkChoice]) -> ChatChunk:
        return ChatChunk(
            id=self.frame.id,
            object="chat.completion.chunk",
            created=self.frame.created,
            model=self.frame.model,
            choices=choices,
            system_fingerprint=self.frame.system_fingerprint,
        )


class TextShape:
    """/v1/completions.

    Args:
        echoes: what stands before each text, where the client asked for its prompt back.
    """

    def __init__(self, frame: Frame, echoes: list[str]) -> None:
        self.frame, self.echoes = frame, echoes

    def opening(self, index: int) -> BaseModel | None:
        return self._event(index, self.echoes[index], [], None) if self.echoes[index] else None

    def event(self, index: int, piece: Piece) -> BaseModel:
        return self._event(index, piece.text, piece.tokens, piece.ending)

    def usage(self, usage: Usage) -> BaseModel:
        body = self._body([])
        body.usage = usage
        return body

    def whole(self, texts: list[Whole], usage: Usage) -> BaseModel:
        body = self._body(
            [
                self._choice(index, self.echoes[index] + text.text, text.tokens, text.ending, True)
                for index, text in enumerate(texts)
            ]
        )
        body.usage = usage
        return body

    def _event(self, index: int, text: str, tokens: list[Token], ending: Ending | None) -> BaseModel:
        return self._body([self._choice(index, text, tokens, ending, bool(tokens))])

    def _choice(self, index: int, text: str, tokens: list[Token], ending: Ending | None, likely: bool) -> TextChoice:
        frame, offset = self.frame, len(self.echoes[index])
        logprobs = text_logprobs(frame.tokenizer, tokens, offset) if frame.likely and likely else None
        return TextChoice(index=index, text=text, logprobs=logprobs, finish_reason=ending)

    def _body(self, choices: list[TextChoice]) -> TextCompletion:
        frame = self.frame
        return TextCompletion(
            id=frame.id,
            object="text_completion",
            created=frame.created,
            model=frame.model,
            choices=choices,
            system_fingerprint=frame.system_fingerprint,
        )


def _opening() -> Delta:
    return Delta(role="assistant", content="")


async def whole(request: Request, service: Service, order: Order, shape: Shape) -> Response:
    """Write an order to its end and answer with all of it; stop writing when the client goes."""
    service.worker.submit(order)
    try:
        collecting = asyncio.ensure_future(_collect(service, order, shape))
        watching = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait({collecting, watching}, return_when=asyncio.FIRST_COMPLETED)
            if collecting.done():
                return Response(collecting.result(), media_type="application/json")
        finally:
            collecting.cancel()
            watching.cancel()
    finally:
        service.worker.leave(order)
    service.metrics.gone.labels(order.model).inc()
    return Response(status_code=499)  # nginx's word for it; nobody reads it


async def _collect(service: Service, order: Order, shape: Shape) -> str:
    texts, written = [Whole() for _ in order.texts], 0
    async for pieces in service.pieces(order):
        for index, piece in pieces:
            text = texts[index]
            text.text += piece.text
            text.tokens += piece.tokens
            text.ending = piece.ending or text.ending
            written += piece.count

    def body() -> str:
        return shape.whole(texts, _usage(order, written)).model_dump_json(exclude_unset=True)

    return await asyncio.to_thread(body) if order.given > BACKLOG else body()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Streamed(StreamingResponse):
    """An order's pieces as server-sent events; it stops the writing when it ends, however it ends.

    Args:
        usage: whether each event has a `usage` and a last one tells it.
    """

    def __init__(self, service: Service, order: Order, shape: Shape, usage: bool) -> None:
        super().__init__(self._events(shape, usage), media_type="text/event-stream")
        self.headers["Cache-Control"] = "no-cache"
        self.service, self.order, self.finished = service, order, False
        service.worker.submit(order)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.order.let_go = scope.get("state", {}).get(LET_GO)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.service.worker.leave(self.order)
            if not self.finished:
                self.service.metrics.gone.labels(self.order.model).inc()

    async def _events(self, shape: Shape, usage: bool) -> AsyncIterator[str]:
        written = 0
        openings = [shape.opening(text.index) for text in self.order.texts]
        if any(openings):
            yield "".join(_event(opening, usage) for opening in openings if opening)
        try:
            async for pieces in self.service.pieces(self.order):
                written += sum(piece.count for _, piece in pieces)
                if events := [_event(shape.event(*piece), usage) for piece in pieces if _says(piece[1])]:
                    yield "".join(events)
            if usage:
                yield _event(shape.usage(_usage(self.order, written)), usage)
        except ApiError as error:  # the status has been sent
            yield f'data: {{"error":{error.fields.model_dump_json()}}}\n\n'
        self.finished = True
        yield "data: [DONE]\n\n"


def _says(piece: Piece) -> bool:
    """Whether a piece is worth an event: half a character is not."""
    return bool(piece.text or piece.tokens or piece.ending)


def _event(body: BaseModel, usage: bool) -> str:
    if usage and "usage" not in body.model_fields_set:
        body.usage = None  # type: ignore[attr-defined]  # both kinds of event have it
    return f"data: {body.model_dump_json(exclude_unset=True)}\n\n"


def _usage(order: Order, written: int) -> Usage:
    prompt = order.prompt_tokens
    return Usage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)


def frame(service: Service, order: Order, likely: bool, prefix: str) -> Frame:
    """What the bodies of an answer to this order have in common."""
    return Frame(order.model, service.checkpoints[order.model].tokenizer, likely, new_id(prefix))
