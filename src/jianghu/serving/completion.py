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
from .generation_request import Ending, GenerationRequest, TextDelta, Token
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
class CollectedText:
    """A text as it grows."""

    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    ending: Ending = "stop"


@dataclass(frozen=True)
class CommonFields:
    """What all bodies of one answer have in common."""

    model: str
    tokenizer: Tokenizer
    likely: bool
    id: str
    created: int = field(default_factory=lambda: int(time.time()))
    system_fingerprint: str | None = None


class BodyFormat(Protocol):
    """How a kind of answer is put into bodies."""

    def opening(self, index: int) -> BaseModel | None:
        """The event before the first piece of a text, if there is one."""

    def event(self, index: int, piece: TextDelta) -> BaseModel:
        """A piece of a text."""

    def usage(self, usage: Usage) -> BaseModel:
        """The last event, where usage was asked for."""

    def whole(self, texts: list[CollectedText], usage: Usage) -> BaseModel:
        """Everything at once."""


class ChatFormat:
    """/v1/chat/completions."""

    def __init__(self, common: CommonFields) -> None:
        self.common = common

    def opening(self, index: int) -> BaseModel:
        return self._chunk([ChunkChoice(index=index, delta=_opening(), logprobs=None, finish_reason=None)])

    def event(self, index: int, piece: TextDelta) -> BaseModel:
        delta = Delta(content=piece.text) if piece.text or not piece.ending else Delta()
        likely = chat_logprobs(self.common.tokenizer, piece.tokens) if self.common.likely and piece.tokens else None
        return self._chunk([ChunkChoice(index=index, delta=delta, logprobs=likely, finish_reason=piece.ending)])

    def usage(self, usage: Usage) -> BaseModel:
        chunk = self._chunk([])
        chunk.usage = usage
        return chunk

    def whole(self, texts: list[CollectedText], usage: Usage) -> BaseModel:
        common = self.common
        choices = [
            ChatChoice(
                index=index,
                message=ChatAnswer(role="assistant", content=text.text, refusal=None),
                logprobs=chat_logprobs(common.tokenizer, text.tokens) if common.likely else None,
                finish_reason=text.ending,
            )
            for index, text in enumerate(texts)
        ]
        return ChatCompletion(
            id=common.id,
            object="chat.completion",
            created=common.created,
            model=common.model,
            choices=choices,
            usage=usage,
            system_fingerprint=common.system_fingerprint,
        )

    def _chunk(self, choices: list[ChunkChoice]) -> ChatChunk:
        return ChatChunk(
            id=self.common.id,
            object="chat.completion.chunk",
            created=self.common.created,
            model=self.common.model,
            choices=choices,
            system_fingerprint=self.common.system_fingerprint,
        )


class CompletionFormat:
    """/v1/completions.

    Args:
        echoes: what stands before each text, where the client asked for its prompt back.
    """

    def __init__(self, common: CommonFields, echoes: list[str]) -> None:
        self.common, self.echoes = common, echoes

    def opening(self, index: int) -> BaseModel | None:
        return self._event(index, self.echoes[index], [], None) if self.echoes[index] else None

    def event(self, index: int, piece: TextDelta) -> BaseModel:
        return self._event(index, piece.text, piece.tokens, piece.ending)

    def usage(self, usage: Usage) -> BaseModel:
        body = self._body([])
        body.usage = usage
        return body

    def whole(self, texts: list[CollectedText], usage: Usage) -> BaseModel:
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
        common, offset = self.common, len(self.echoes[index])
        logprobs = text_logprobs(common.tokenizer, tokens, offset) if common.likely and likely else None
        return TextChoice(index=index, text=text, logprobs=logprobs, finish_reason=ending)

    def _body(self, choices: list[TextChoice]) -> TextCompletion:
        common = self.common
        return TextCompletion(
            id=common.id,
            object="text_completion",
            created=common.created,
            model=common.model,
            choices=choices,
            system_fingerprint=common.system_fingerprint,
        )


def _opening() -> Delta:
    return Delta(role="assistant", content="")


async def whole(request: Request, service: Service, generation: GenerationRequest, body_format: BodyFormat) -> Response:
    """Write an order to its end and answer with all of it; stop writing when the client goes."""
    service.worker.submit(generation)
    try:
        collecting = asyncio.ensure_future(_collect(service, generation, body_format))
        watching = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait({collecting, watching}, return_when=asyncio.FIRST_COMPLETED)
            if collecting.done():
                return Response(collecting.result(), media_type="application/json")
        finally:
            collecting.cancel()
            watching.cancel()
    finally:
        service.worker.leave(generation)
    service.metrics.gone.labels(generation.model).inc()
    return Response(status_code=499)  # nginx's word for it; nobody reads it


async def _collect(service: Service, generation: GenerationRequest, body_format: BodyFormat) -> str:
    texts, written = [CollectedText() for _ in generation.texts], 0
    async for pieces in service.pieces(generation):
        for index, piece in pieces:
            text = texts[index]
            text.text += piece.text
            text.tokens += piece.tokens
            text.ending = piece.ending or text.ending
            written += piece.count

    def body() -> str:
        return body_format.whole(texts, _usage(generation, written)).model_dump_json(exclude_unset=True)

    return await asyncio.to_thread(body) if generation.given > BACKLOG else body()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Streamed(StreamingResponse):
    """A generation's pieces as server-sent events; it stops the writing when it ends, however it ends.

    Args:
        usage: whether each event has a `usage` and a last one tells it.
    """

    def __init__(self, service: Service, generation: GenerationRequest, body_format: BodyFormat, usage: bool) -> None:
        super().__init__(self._events(body_format, usage), media_type="text/event-stream")
        self.headers["Cache-Control"] = "no-cache"
        self.service, self.generation, self.finished = service, generation, False
        service.worker.submit(generation)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.generation.let_go = scope.get("state", {}).get(LET_GO)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.service.worker.leave(self.generation)
            if not self.finished:
                self.service.metrics.gone.labels(self.generation.model).inc()

    async def _events(self, body_format: BodyFormat, usage: bool) -> AsyncIterator[str]:
        written = 0
        openings = [body_format.opening(text.index) for text in self.generation.texts]
        if any(openings):
            yield "".join(_event(opening, usage) for opening in openings if opening)
        try:
            async for pieces in self.service.pieces(self.generation):
                written += sum(piece.count for _, piece in pieces)
                if events := [_event(body_format.event(*piece), usage) for piece in pieces if _says(piece[1])]:
                    yield "".join(events)
            if usage:
                yield _event(body_format.usage(_usage(self.generation, written)), usage)
        except ApiError as error:  # the status has been sent
            yield f'data: {{"error":{error.fields.model_dump_json()}}}\n\n'
        self.finished = True
        yield "data: [DONE]\n\n"


def _says(piece: TextDelta) -> bool:
    """Whether a piece is worth an event: half a character is not."""
    return bool(piece.text or piece.tokens or piece.ending)


def _event(body: BaseModel, usage: bool) -> str:
    if usage and "usage" not in body.model_fields_set:
        body.usage = None  # type: ignore[attr-defined]  # both kinds of event have it
    return f"data: {body.model_dump_json(exclude_unset=True)}\n\n"


def _usage(generation: GenerationRequest, written: int) -> Usage:
    prompt = generation.prompt_tokens
    return Usage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)


def common_fields(generation: GenerationRequest, likely: bool, prefix: str) -> CommonFields:
    """What the bodies of an answer to this generation have in common."""
    return CommonFields(generation.model, generation.checkpoint.tokenizer, likely, new_id(prefix))
