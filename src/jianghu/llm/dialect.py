"""What an endpoint understands: which response_format, and which names of parameters. Learned from its refusals.

An HTTP 400 with the server's words goes in; the next dialect to try comes out, or None when nothing is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

Format = Literal["json_schema", "json_object", "plain"]
_POORER: dict[str, Format] = {"json_schema": "json_object", "json_object": "plain"}


@dataclass(frozen=True)
class Dialect:
    """How to say the same request to different servers.

    Attributes:
        format: the strictest response_format that works.
        length: the parameter for the longest reply; OpenAI's reasoning models want another name.
        temperature: whether a temperature may be sent.
        no_thinking: send enable_thinking = false, which Qwen's hybrid models want where replies do not stream.
    """

    format: Format = "json_schema"
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True
    no_thinking: bool = False

    def body(self, request: dict[str, Any], model: str) -> dict[str, Any]:
        """The JSON body of a chat completion.

        Args:
            request: messages, max_tokens, temperature and schema; where schema is None, the reply is plain text.
        """
        body: dict[str, Any] = {"model": model, "messages": request["messages"], self.length: request["max_tokens"]}
        if self.temperature:
            body["temperature"] = request["temperature"]
        if self.no_thinking:
            body["enable_thinking"] = False
        if request["schema"] is None:
            return body
        if self.format == "json_schema":
            schema = {"name": "records", "strict": True, "schema": request["schema"]}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.format == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def after_refusal(self, words: str) -> Dialect | None:
        """The dialect to try next: what the server's words point at, else the next poorer format."""
        if "max_completion_tokens" in words and self.length == "max_tokens":
            return replace(self, length="max_completion_tokens")
        if "enable_thinking" in words and not self.no_thinking:
            return replace(self, no_thinking=True)
        if "temperature" in words and self.temperature:
            return replace(self, temperature=False)
        poorer = _POORER.get(self.format)
        return replace(self, format=poorer) if poorer else None
