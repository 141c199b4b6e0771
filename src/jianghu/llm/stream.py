"""The events of a streamed completion, line by line → the completion that they spell out, as if it had come whole."""

from __future__ import annotations

import json
from typing import Any

TEXTS = ("content", "reasoning_content", "reasoning")
"""Fields of a message that come in pieces."""


class Assembler:
    """Use `add` for each line, then `completion`.

    Attributes:
        length: characters kept so far.
        count: lines of data so far.
        done: the server has said that nothing more comes.
    """

    def __init__(self) -> None:
        self.length, self.count, self.done = 0, 0, False
        self._parts: dict[str, list[str]] = {name: [] for name in TEXTS}
        self._message: dict[str, object] = {}
        self._finish: Any = None
        self._usage: Any = None
        self._error: Any = None
        self._unread = ""
        self._seen = False

    def add(self, line: str) -> None:
        """Take a line of the stream; lines that are no data say nothing here."""
        name, mark, value = line.partition(":")
        if not mark or name.strip() != "data":
            return
        self.count += 1
        value = value.strip()
        if value == "[DONE]":
            self.done = True
            return
        try:
            event = json.loads(value)
        except (ValueError, RecursionError):
            self._unread = self._unread or value[:500]
            return
        if isinstance(event, dict):
            self._take(event)

    def _take(self, event: dict[str, object]) -> None:
        if event.get("error"):
            self._error = event
        if isinstance(event.get("usage"), dict):
            self._usage = event["usage"]
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict) or choice.get("index") not in (None, 0):
            return
        self._finish = choice.get("finish_reason") or self._finish
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return
        self._seen = True
        for name in TEXTS:
            text = text_of(delta.get(name))
            self.length += len(text)
            if text:
                self._parts[name].append(text)
        if delta.get("tool_calls"):
            self._message["tool_calls"] = [{}]

    def completion(self) -> dict[str, object]:
        """A chat completion; or the error that the stream told, or one that says that the stream broke off."""
        if self._error is not None:
            return dict(self._error)
        if not self._seen:
            return {"unread": self._unread}
        if not (self.done or self._finish):
            return {"error": {"code": "server_error", "message": "the stream ended before the reply did"}}
        message = {
            "role": "assistant",
            **self._message,
            **{name: "".join(parts) for name, parts in self._parts.items()},
        }
        return {"choices": [{"message": message, "finish_reason": self._finish}], "usage": self._usage}


def text_of(content: Any) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""
