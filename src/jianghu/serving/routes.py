"""OpenAI's routes, and those for whoever looks after the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from .completion import BodyFormat, ChatFormat, CompletionFormat, Streamed, common_fields, whole
from .errors import ErrorBody
from .generation_request import GenerationRequest
from .open_book import OPEN_BOOK, BookService, chat_completion
from .requests import Asked, ChatRequest, CompletionRequest
from .responses import ChatCompletion, Model, ModelList, TextCompletion
from .service import Service

AnyAsked = TypeVar("AnyAsked", bound=Asked)
LARGE_BYTES = 64 * 1024
"""Size from which on a request is a large one."""
REFUSALS: dict[int | str, dict[str, object]] = {
    400: {"model": ErrorBody, "description": "The request cannot be used; the message says why."},
    401: {"model": ErrorBody, "description": "The API key is missing or wrong."},
    403: {"model": ErrorBody, "description": "The Host or Origin is not this server's."},
    404: {"model": ErrorBody, "description": "There is no checkpoint or route of that name."},
    408: {"model": ErrorBody, "description": "The request took too long to arrive."},
    413: {"model": ErrorBody, "description": "The request is too large."},
    429: {"model": ErrorBody, "description": "Too many requests wait; try again."},
    503: {"model": ErrorBody, "description": "The request waited too long for its turn."},
}
_EVENTS: dict[str, object] = {"text/event-stream": {"schema": {"type": "string"}}}


def openai_router(service: Service, books: BookService) -> APIRouter:
    """/v1/…"""
    router = APIRouter(prefix="/v1", tags=["OpenAI"], responses=REFUSALS)

    def answers_from_books(name: str) -> bool:
        return name == OPEN_BOOK and name not in service.checkpoints and books.has_reader

    @router.get("/models")
    async def models() -> ModelList:
        """The checkpoints served, and the reader of the open book where there is one."""
        names = [*service.checkpoints, *([OPEN_BOOK] if answers_from_books(OPEN_BOOK) else [])]
        return ModelList(data=[_model(service, name) for name in names])

    @router.get("/models/{name:path}")
    async def model(name: str) -> Model:
        """One of them."""
        if not answers_from_books(name):
            service.checkpoint(name)
        return _model(service, name)

    @router.post("/chat/completions", responses={200: {"model": ChatCompletion, "content": _EVENTS}})
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """The next turn of a conversation; as jianghu-open-book, what the books say to its last question."""
        if answers_from_books(asked.model):
            return await chat_completion(asked, books, int(time.time()))
        generation = await _submitted(service, service.chat_generation, asked, request)
        body_format = ChatFormat(common_fields(generation, bool(asked.logprobs), "chatcmpl"))
        return await _answer(asked, request, service, generation, body_format)

    @router.post("/completions", responses={200: {"model": TextCompletion, "content": _EVENTS}})
    async def complete(asked: CompletionRequest, request: Request) -> Response:
        """Continuations of one or more texts."""
        generation = await _submitted(service, service.text_generation, asked, request)
        tokenizer = generation.checkpoint.tokenizer
        prompts = [prompt if isinstance(prompt, str) else tokenizer.decode(prompt) for prompt in asked.prompts]
        echoes = [prompts[text.index // (asked.n or 1)] if asked.echo else "" for text in generation.texts]
        body_format = CompletionFormat(common_fields(generation, asked.logprobs is not None, "cmpl"), echoes)
        return await _answer(asked, request, service, generation, body_format)

    return router


def care_router(service: Service) -> APIRouter:
    """/health and /metrics."""
    router = APIRouter(tags=["care"], responses={code: REFUSALS[code] for code in (401, 403, 408, 413)})

    @router.get("/health")
    async def health() -> dict[str, object]:
        """Whether the server can write, and how busy it is."""
        return {"status": "ok" if service.worker.alive else "failed", "models": service.worker.facts()}

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Counts and durations for Prometheus."""
        text = service.metrics.text(service.worker.facts())
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    return router


async def _submitted(
    service: Service, make: Callable[[AnyAsked], GenerationRequest], asked: AnyAsked, request: Request
) -> GenerationRequest:
    """The generation of a request, made beside the event loop, since a long prompt takes a while; of large requests one
    after another, since a megabyte of prompt takes a hundred of memory while it is split into tokens."""
    size = request.headers.get("content-length", "")
    if size.isdigit() and int(size) <= LARGE_BYTES:
        return await asyncio.to_thread(make, asked)
    async with service.large:
        return await asyncio.to_thread(make, asked)


async def _answer(
    asked: Asked, request: Request, service: Service, generation: GenerationRequest, body_format: BodyFormat
) -> Response:
    """The answer as the client wants it, with a warning that names the parameters that were passed over."""
    answer: Response
    if asked.stream:
        answer = Streamed(service, generation, body_format, _usage(asked))
    else:
        answer = await whole(request, service, generation, body_format)
    if asked.ignored:
        names = ", ".join(ascii(name)[1:-1][:60] for name in asked.ignored[:10])
        answer.headers["Warning"] = f'299 jianghu "Parameters not known here and passed over: {names}"'
    return answer


def _model(service: Service, name: str) -> Model:
    return Model(id=name, created=service.began)


def _usage(asked: Asked) -> bool:
    return asked.stream_options is not None and bool(asked.stream_options.include_usage)
