"""The providers of the presets as their documentation describes them, on loopback: they think unless told not to in
their own words, refuse parameters they do not know, keep prefixes of prompts in a cache, and write a bill.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from jianghu.llm.usage import tokens_of
from jianghu.recipe import TeacherSettings
from tests.llm.teacher_server import Act, TeacherServer, chat, events, items_for

BLOCK = 64  # characters that are cached together
THOUGHT = "用户要我出题。先看这段文字里有哪些人物，再看他们做了什么。" * 20


@dataclass(frozen=True)
class Nature:
    """How a provider behaves.

    Attributes:
        thinks: unless it is told not to.
        calmed_by: the parameter, and its value, by which it is told.
        refuses: parameters that give 400, with the words of the refusal.
        formats: response_formats that it knows.
        alive: what it sends while a request waits.
        usage: how it names cached tokens: deepseek, openai, flat, or none.
        streams_only: it refuses requests that do not stream.
        hidden: its thoughts are counted but not shown.
    """

    thinks: bool = True
    calmed_by: dict[str, Any] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ("json_schema", "json_object")
    alive: bytes = b""
    usage: str = "openai"
    streams_only: bool = False
    hidden: bool = False


NATURES: dict[str, Nature] = {
    "deepseek": Nature(
        calmed_by={"thinking": {"type": "disabled"}}, formats=("json_object",), alive=b"\n\n", usage="deepseek"
    ),
    "zhipu": Nature(calmed_by={"thinking": {"type": "disabled"}}, formats=("json_object",)),
    "dashscope": Nature(calmed_by={"enable_thinking": False}, formats=("json_object",)),
    "siliconflow": Nature(calmed_by={"enable_thinking": False}, formats=("json_object",), usage="none"),
    "modelscope": Nature(calmed_by={"enable_thinking": False}, formats=(), streams_only=True, usage="none"),
    "qianfan": Nature(calmed_by={"enable_thinking": False}, formats=("json_object",), usage="flat"),
    "ark": Nature(calmed_by={"thinking": {"type": "disabled"}}, formats=("json_object",)),
    "openai": Nature(
        calmed_by={"reasoning_effort": "minimal"},
        refuses={
            "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "temperature": "Unsupported value: 'temperature' does not support 0.7 with this model.",
        },
        hidden=True,
    ),
    "openrouter": Nature(calmed_by={"reasoning": {"enabled": False}}),
    "ollama": Nature(calmed_by={"reasoning_effort": "none"}, usage="none"),
    "vllm": Nature(calmed_by={"chat_template_kwargs": {"enable_thinking": False}}, usage="none"),
    "llama.cpp": Nature(calmed_by={"chat_template_kwargs": {"enable_thinking": False}}),
}


class PresetServer(TeacherServer):
    """Use it as a context manager.

    Attributes:
        bill: what all requests cost, at the prices of the settings, by the server's own count.
        thoughts: how many replies held thoughts.
    """

    def __init__(self, nature: Nature, settings: TeacherSettings) -> None:
        super().__init__()
        self.nature, self.settings = nature, settings
        self.bill, self.thoughts = 0.0, 0
        self.cached = self.asked = 0
        self._prefixes: set[str] = set()
        self._guard = threading.Lock()

    def act(self, number: int, body: dict[str, Any], key: str) -> Act:
        nature = self.nature
        for name, words in nature.refuses.items():
            if name in body:
                return self._refused(words)
        if nature.streams_only and not body.get("stream"):
            return self._refused("This model only support stream mode, please enable the stream parameter.")
        format_ = body.get("response_format", {}).get("type")
        if format_ and format_ not in nature.formats:
            return self._refused(f"response_format {format_} is unavailable now")
        if nature.calmed_by.get("reasoning_effort") == "minimal" and body.get("reasoning_effort") == "none":
            return self._refused("Unsupported value: 'reasoning_effort' does not support 'none' with this model.")
        calm = all(body.get(name) == value for name, value in nature.calmed_by.items())
        thought = THOUGHT if nature.thinks and not calm else ""
        text = json.dumps({"records": items_for(body)}, ensure_ascii=False)
        usage = self._charge(body, text + thought, bool(thought))
        if body.get("stream"):
            pieces = list(
                events(text[:9], text[9:], usage=False, **({"reasoning_content": thought} if thought else {}))
            )
            told = f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n".encode()
            return Act(pieces=[b": keep-alive\n\n", *pieces[:-1], told, pieces[-1]])
        shown = {} if nature.hidden or not thought else {"reasoning_content": thought}
        return Act(body=nature.alive + json.dumps({**chat(text, **shown), "usage": usage}, ensure_ascii=False).encode())

    def _refused(self, words: str) -> Act:
        return Act(400, {"error": {"code": "invalid_request_error", "message": words}})

    def _charge(self, body: dict[str, Any], said: str, thought: bool) -> dict[str, Any]:
        """Count the tokens, of which those of a prefix that was seen are cached, and write them on the bill."""
        prompt = "\n".join(message["content"] for message in body["messages"])
        with self._guard:
            self.thoughts += thought
            known = 0
            for end in range(BLOCK, len(prompt) + 1, BLOCK):
                if prompt[:end] in self._prefixes:
                    known = end
                self._prefixes.add(prompt[:end])
            tokens_in, tokens_out = tokens_of(prompt), tokens_of(said)
            cached = tokens_of(prompt[:known]) if known and self.nature.usage != "none" else 0
            self.asked += tokens_in
            self.cached += tokens_of(prompt[:known]) if known else 0
            price = self.settings
            cheap = price.price_in if price.price_cached is None else price.price_cached
            self.bill += ((tokens_in - cached) * price.price_in + cached * cheap + tokens_out * price.price_out) / 1e6
        usage: dict[str, Any] = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
        names: dict[str, dict[str, Any]] = {
            "deepseek": {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": tokens_in - cached},
            "openai": {"prompt_tokens_details": {"cached_tokens": cached}},
            "flat": {"cached_tokens": cached},
            "none": {},
        }
        if self.nature.hidden and thought:
            usage["completion_tokens_details"] = {"reasoning_tokens": tokens_of(THOUGHT)}
        return usage | names[self.nature.usage]
