"""What an endpoint understands: which response_format, which names of parameters, how it is told not to think.

Learned from its refusals and from replies that hold thoughts although none were wanted. A refusal or such a reply goes
in; the next dialect to try comes out, or None when nothing is left.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from ..recipe import TeacherSettings
from .store.requests import Body

Format = Literal["json_schema", "json_object", "plain"]
_POORER: dict[str, Format] = {"json_schema": "json_object", "json_object": "plain"}
SWITCHES: dict[str, dict[str, object]] = {
    "none": {},
    "thinking": {"thinking": {"type": "disabled"}},
    "enable_thinking": {"enable_thinking": False},
    "effort_none": {"reasoning_effort": "none"},
    "effort_minimal": {"reasoning_effort": "minimal"},
    "chat_template": {"chat_template_kwargs": {"enable_thinking": False}},
    "reasoning": {"reasoning": {"enabled": False}},
}
"""Ways to tell a model not to think: DeepSeek, Zhipu and Ark; Qwen and SiliconFlow; OpenAI and Ollama; vLLM and
llama.cpp; OpenRouter."""
LADDER = ("none", "thinking", "enable_thinking", "effort_none", "chat_template")
"""What is tried with an endpoint that is not known."""


@dataclass(frozen=True)
class Dialect:
    """How to say the same request to different servers.

    Attributes:
        format: the strictest response_format that works.
        length: the parameter for the longest reply; OpenAI's reasoning models want another name.
        temperature: whether a temperature may be sent.
        stream: replies come in events; some models have no others.
        switch: how the model is told not to think, of `SWITCHES`.
        steps: the switches that are still to be tried, if this one does not work.
        tried: those that did not work.
    """

    format: Format = "json_schema"
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True
    stream: bool = False
    switch: str = "none"
    steps: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()

    @classmethod
    def first(cls, settings: TeacherSettings) -> Dialect:
        """What to begin with."""
        if settings.think:
            return cls(settings.format)
        switch, *steps = settings.thinking_off or LADDER
        return cls(settings.format, switch=switch, steps=tuple(steps))

    @classmethod
    def stored(cls, known: dict[str, Any]) -> Dialect:
        """The dialect that `to_dict` gave, also that of an older program."""
        names = {field.name for field in fields(cls)}
        own = {name: value for name, value in known.items() if name in names}
        if known.get("no_thinking"):
            own["switch"] = "enable_thinking"
        return cls(**{**own, "steps": tuple(own.get("steps", ())), "tried": tuple(own.get("tried", ()))})

    def to_dict(self) -> dict[str, object]:
        """The dialect as JSON."""
        return asdict(self)

    def body(self, request: Body, model: str, extra: dict[str, object] | None = None) -> dict[str, object]:
        """The JSON body of a chat completion.

        Args:
            request: messages, max_tokens, temperature and schema; where schema is None, the reply is plain text.
            extra: the user's own parameters, which beat all others.
        """
        body: dict[str, object] = {"model": model, "messages": request["messages"], self.length: request["max_tokens"]}
        if self.temperature:
            body["temperature"] = request["temperature"]
        if self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        body |= SWITCHES[self.switch]
        if request["schema"] is not None and self.format == "json_schema":
            schema = {"name": "records", "strict": True, "schema": request["schema"]}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request["schema"] is not None and self.format == "json_object":
            body["response_format"] = {"type": "json_object"}
        return {**body, **(extra or {})}

    def after_refusal(self, words: str) -> Dialect | None:
        """The dialect to try next: what the server's words point at, else the next poorer format."""
        if "max_completion_tokens" in words and self.length == "max_tokens":
            return replace(self, length="max_completion_tokens")
        if self.about_switch(words):
            return self.next_switch()
        if "enable_thinking" in words and "enable_thinking" not in (self.switch, *self.tried):
            # Qwen's hybrid models want it where replies do not stream, and say so.
            rest = tuple(step for step in self.steps if step != "enable_thinking")
            return replace(self, switch="enable_thinking", steps=rest, tried=(*self.tried, self.switch))
        if not self.stream and _wants_stream(words):
            return replace(self, stream=True)
        if "temperature" in words and self.temperature:
            return replace(self, temperature=False)
        poorer = _POORER.get(self.format)
        return replace(self, format=poorer) if poorer else None

    def about_switch(self, words: str) -> bool:
        """Whether a refusal speaks of the parameter that tells the model not to think."""
        return any(re.search(rf"(?<!\w){name}(?!\w)", words) for name in SWITCHES[self.switch])

    def next_switch(self) -> Dialect | None:
        """The next way to tell the model not to think; None where all were tried."""
        tried = (*self.tried, self.switch)
        if not self.steps:
            return None if self.switch == "none" else replace(self, switch="none", tried=tried)
        switch, *rest = self.steps
        return replace(self, switch=switch, steps=tuple(rest), tried=tried)


def _wants_stream(words: str) -> bool:
    """Whether a refusal says that there are only streams, as of some thinking models."""
    plain = words.lower()
    return "stream" in plain and any(mark in plain for mark in ("only support", "must", "required", "仅支持", "只支持"))
