"""The bodies of answers, in the shapes of OpenAI's API."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from ..tokenizer import Tokenizer
from .generation_request import Ending, Token

MIN_LOGPROB = -9999.0
"""What OpenAI writes for the logarithm of 0, which JSON has no word for."""


class Model(BaseModel):
    """A checkpoint."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "jianghu"


class ModelList(BaseModel):
    """GET /v1/models."""

    object: Literal["list"] = "list"
    data: list[Model]


class Usage(BaseModel):
    """Tokens read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class LikelyToken(BaseModel):
    """A token that might have been written. `bytes` may be part of a character only."""

    token: str
    logprob: float
    bytes: list[int]


class WrittenToken(LikelyToken):
    """A token that was written."""

    top_logprobs: list[LikelyToken]


class ChatLogprobs(BaseModel):
    """Likelihoods of an answer's tokens."""

    content: list[WrittenToken]
    refusal: None = None


class ChatAnswer(BaseModel):
    """What the assistant said."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class ChatChoice(BaseModel):
    """One of n answers."""

    index: int
    message: ChatAnswer
    logprobs: ChatLogprobs | None
    finish_reason: Ending


class Citation(BaseModel):
    """Where in the books an answer stands: `text` is `[start:end]` of the chapter's text, with the passage around it;
    `probability` that the answer is right."""

    book: str
    chapter: int
    title: str
    start: int
    end: int
    text: str
    passage: str
    probability: float


class ChatCompletion(BaseModel):
    """The whole answer of /v1/chat/completions; `citations` where a reader answers."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage
    system_fingerprint: str | None
    citations: list[Citation] | None = None


class Delta(BaseModel):
    """What is new in an answer."""

    role: Literal["assistant"] = "assistant"
    content: str = ""


class ChunkChoice(BaseModel):
    """What is new in one of n answers."""

    index: int
    delta: Delta
    logprobs: ChatLogprobs | None
    finish_reason: Ending | None


class ChatChunk(BaseModel):
    """One event of a streamed answer; the last one may carry the usage and no choices. `citations` come with the
    event that ends a reader's answer."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    system_fingerprint: str | None
    usage: Usage | None = None
    citations: list[Citation] | None = None


class TextLogprobs(BaseModel):
    """Likelihoods of a continuation's tokens, in the older shape."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class TextChoice(BaseModel):
    """One continuation, or what is new in it."""

    index: int
    text: str
    logprobs: TextLogprobs | None
    finish_reason: Ending | None


class TextCompletion(BaseModel):
    """The whole answer of /v1/completions, or one event of it."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[TextChoice]
    system_fingerprint: str | None
    usage: Usage | None = None


def chat_logprobs(tokenizer: Tokenizer, tokens: list[Token]) -> ChatLogprobs:
    """Likelihoods of some tokens, for a chat."""
    return ChatLogprobs(
        content=[
            WrittenToken(
                **_likely(tokenizer, token.id, token.likelihood.logprob).model_dump(),
                top_logprobs=[_likely(tokenizer, id, value) for id, value in token.likelihood.top],
            )
            for token in tokens
        ]
    )


def text_logprobs(tokenizer: Tokenizer, tokens: list[Token], offset: int) -> TextLogprobs:
    """Likelihoods of some tokens of a text that begins at `offset` of what the client sees."""
    return TextLogprobs(
        tokens=[token_name(tokenizer, token.id) for token in tokens],
        token_logprobs=[max(MIN_LOGPROB, token.likelihood.logprob) for token in tokens],
        top_logprobs=[
            {token_name(tokenizer, id): max(MIN_LOGPROB, value) for id, value in token.likelihood.top}
            for token in tokens
        ],
        text_offset=[offset + token.start for token in tokens],
    )


def token_name(tokenizer: Tokenizer, id: int) -> str:
    """A token as text; one that is part of a character as `bytes:\\xe6\\xb1`, as OpenAI writes it."""
    data = tokenizer.token_bytes[id]
    if not data:
        return str(tokenizer.backend.id_to_token(id))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)


def _likely(tokenizer: Tokenizer, id: int, logprob: float) -> LikelyToken:
    name = token_name(tokenizer, id)
    data = tokenizer.token_bytes[id] or name.encode("utf-8")
    return LikelyToken(token=name, logprob=max(MIN_LOGPROB, logprob), bytes=list(data))
