"""What clients may ask for, in the shapes of OpenAI's API; and what is turned away with a reason."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .errors import ApiError

Penalty = Annotated[float, Field(ge=-2, le=2)]
MAX_CHOICES = 16
_WITHOUT_EFFECT = {
    *("user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "parallel_tool_calls"),
    *("reasoning_effort", "verbosity", "prediction"),
}
"""Parameters of OpenAI's API that never change what a model says, or that a model which does not reason has met."""

Stops = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=4, fail_fast=True)]


class _Strict(BaseModel):
    """Types are not guessed. Names that are not known are passed over: clients send back what other servers said."""

    model_config = ConfigDict(extra="ignore", strict=True)


class StreamOptions(_Strict):
    """Options of a streamed answer."""

    include_usage: bool | None = False


class Asked(_Strict):
    """What both kinds of request have in common.

    The last five are not OpenAI's. Four have the names and meaning that vLLM gives them; `truncate_prompt` drops the
    oldest turns of a talk, or the front of a text, that is longer than the model reads.
    """

    model_config = ConfigDict(extra="allow")

    model: str
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = 1
    stop: Annotated[str, Field(min_length=1, max_length=256)] | Stops | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**64)] | None = None
    presence_penalty: Penalty | None = 0.0
    frequency_penalty: Penalty | None = 0.0
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    logit_bias: dict[str, float] | None = None
    top_k: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repetition_penalty: Annotated[float, Field(ge=0.01, le=10)] | None = None
    ignore_eos: bool | None = False
    truncate_prompt: bool | None = False

    @property
    def ignored(self) -> list[str]:
        """Parameters that are not known here and say something."""
        extra = self.model_extra or {}
        return [name for name, value in extra.items() if name not in _WITHOUT_EFFECT and value not in (None, [], {})]

    @property
    def stops(self) -> list[str]:
        """The stop strings."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    def check(self) -> None:
        """Refuse what is understood but cannot be done.

        Raises:
            ApiError: 400.
        """
        if self.logit_bias:
            raise _unsupported("logit_bias")
        if self.stream_options is not None and not self.stream:
            raise ApiError(
                400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
            )


NoTools = Annotated[list[Any], Field(max_length=0)] | None
"""No tool is ever called."""


class Part(_Strict):
    """A piece of a message; only text is read."""

    type: Literal["text"]
    text: str


class ChatMessage(_Strict):
    """One turn of a conversation. Its id, its author's name, its reasoning say nothing to the model."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | Annotated[list[Part], Field(fail_fast=True)] | None = None
    tool_calls: NoTools = None

    @property
    def text(self) -> str:
        """Its content as one text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class ResponseFormat(_Strict):
    """Only plain text is written."""

    type: Literal["text"]


class ChatRequest(Asked):
    """POST /v1/chat/completions."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, fail_fast=True)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    tools: NoTools = None
    functions: NoTools = None
    tool_choice: Literal["none", "auto"] | None = None
    modalities: list[Literal["text"]] | None = None

    def check(self) -> None:
        """See `Asked.check`."""
        super().check()
        if self.top_logprobs is not None and not self.logprobs:
            raise ApiError(400, "'logprobs' must be true when 'top_logprobs' is set.", "invalid_value", "top_logprobs")

    @property
    def likeliest(self) -> int | None:
        """How many likeliest tokens to tell beside each; None: tell nothing."""
        return (self.top_logprobs or 0) if self.logprobs else None


Ids = Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(min_length=1, fail_fast=True)]
Prompts = (
    Annotated[list[str], Field(min_length=1, fail_fast=True)]
    | Ids
    | Annotated[list[Ids], Field(min_length=1, fail_fast=True)]
)
"""The first fault ends the reading of a list: a fault for each of a million items would take the server seconds."""


class CompletionRequest(Asked):
    """POST /v1/completions."""

    prompt: str | Prompts | None = None
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    echo: bool | None = False
    best_of: Annotated[int, Field(ge=1)] | None = None
    suffix: str | None = None

    def check(self) -> None:
        """See `Asked.check`."""
        super().check()
        if self.suffix:
            raise _unsupported("suffix")
        if self.best_of is not None and self.best_of != (self.n or 1):
            raise _unsupported("best_of", " other than n")
        if self.echo and self.logprobs is not None:
            raise _unsupported("logprobs", " together with echo")

    @property
    def prompts(self) -> list[str | list[int]]:
        """Each prompt, as text or as ids."""
        given = self.prompt
        if given is None:
            return [""]
        if isinstance(given, str):
            return [given]
        if isinstance(given[0], int):
            return [given]
        return list(given)


def _unsupported(name: str, how: str = "") -> ApiError:
    return ApiError(400, f"Unsupported parameter: '{name}'{how} is not supported.", "unsupported_parameter", name)
