"""An HTTP answer to a request → one classified `Reply`. Pure; nothing that a server says is believed unseen.

Of what a server says, everything that is kept went through the scrubber, and can be written as UTF-8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..messages import tr
from ..recipe import TeacherSettings
from .endpoint import Endpoint
from .error_codes import outcome_of
from .prices import price
from .storable import writable
from .store import Reply
from .stream import text_of
from .thoughts import has_thoughts
from .usage import asked_text, count_of, read_usage

MAX_CONTENT = 400_000  # characters of an answer that are kept; half of them are read
MAX_DETAIL = 500  # characters of a server's words that are kept
EXCERPT = 20_000  # characters of a text without an answer in it that are looked at
HALVED = 2_000  # characters at the end of an excerpt that may hold a part of a secret
MAX_REASON = 40  # characters of a finish_reason
THOUGHTS = ("reasoning_content", "reasoning")
"""Fields in which servers put what a model thought before it answered."""
_FENCED = re.compile(r"\A\s*```[\w-]*\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """What came over the wire, or as a line of a batch's file.

    Attributes:
        seconds: from sending to the last byte.
    """

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Reader:
    """Reads answers to the requests of one key at one endpoint.

    Args:
        scrub: takes secrets out of a text.
    """

    def __init__(self, settings: TeacherSettings, endpoint: Endpoint, key_hash: str, scrub: Callable[[str], str]):
        self.settings, self.endpoint, self.key_hash, self.scrub = settings, endpoint, key_hash, scrub

    def failed(self, outcome: str, detail: str, seconds: float, wait: float | None = None) -> Reply:
        """A reply that brought nothing."""
        return Reply(outcome, detail=self.line(detail), seconds=seconds, wait=wait, key_hash=self.key_hash)

    def line(self, words: str) -> str:
        """A server's words on one line, short and without secrets."""
        return " ".join(self.excerpt(words).split())[:MAX_DETAIL]

    def excerpt(self, text: str) -> str:
        """The beginning of a text, without secrets, nor one that the cut has halved."""
        begin = self.scrub(writable(text[:EXCERPT]))
        return begin[:-HALVED] if len(text) > EXCERPT else begin

    def read(self, answer: Answer, messages: Sequence[dict[str, str]]) -> Reply:
        """The reply to a request with these messages."""
        if answer.status != 200:
            return self._refused(answer)
        try:
            body = json.loads(answer.text)
        except (ValueError, RecursionError):
            return self.failed("invalid", _no_json(self.excerpt(answer.text)), answer.seconds)
        choice = _first(body)
        if choice is None:
            error = isinstance(body, dict) and body.get("error")
            told, wait = (
                outcome_of(200, answer.text, self.endpoint.provider, answer.headers) if error else ("invalid", None)
            )
            detail = tr("HTTP 200, but no answer in it: {text}", text=_readable(body, self.excerpt(answer.text)))
            return self.failed(told, detail, answer.seconds, wait)
        return self._completed(answer, body, choice, messages)

    def _refused(self, answer: Answer) -> Reply:
        if 300 <= answer.status < 400:
            where = answer.headers.get("location", "")
            detail = tr(
                "HTTP {status}: it redirects to {where}, where no key is sent. If that is right, set it as base_url.",
                status=answer.status,
                where=self.excerpt(where)[:200] or "?",
            )
            return self.failed("not_found", detail, answer.seconds)
        outcome, wait = outcome_of(answer.status, answer.text, self.endpoint.provider, answer.headers)
        return self.failed(outcome, f"HTTP {answer.status}: {_title(self.excerpt(answer.text))}", answer.seconds, wait)

    def _completed(
        self, answer: Answer, body: Any, choice: dict[str, Any], messages: Sequence[dict[str, str]]
    ) -> Reply:
        message = choice["message"]
        content, thought = text_of(message.get("content")), _thought(message)
        if not content.strip() and (found := _whole_json(thought)):
            content, thought = found, ""
        usage = read_usage(body.get("usage"), asked_text(messages), content + thought)
        reason = choice.get("finish_reason")
        reason = self.line(reason)[:MAX_REASON] if isinstance(reason, str) else None
        content, whole = self.scrub(writable(content[:MAX_CONTENT])), len(content) <= MAX_CONTENT
        outcome, detail = _outcome(reason, content, bool(thought.strip()), message, self.settings.max_tokens)
        if outcome == "ok" and not whole:
            outcome = "truncated"
            detail = tr("longer than {count:,} characters; the beginning is kept", count=MAX_CONTENT)
        if usage.estimated and not detail:
            detail = tr(
                "the server's counts of tokens are missing or cannot be right; they are estimated from the text"
            )
        return Reply(
            outcome,
            content if outcome in ("ok", "truncated") else "",
            reason,
            self.line(detail),
            usage.tokens_in,
            usage.tokens_out,
            price(self.settings, usage.tokens_in, usage.tokens_out, usage.cached),
            answer.seconds,
            key_hash=self.key_hash,
            tokens_cached=usage.cached,
            estimated=usage.estimated,
            thought=bool(thought.strip()) or has_thoughts(content) or _reasoned(body.get("usage")),
        )


def _outcome(reason: str | None, content: str, thought: bool, message: Any, max_tokens: int) -> tuple[str, str]:
    """Outcome and detail of an answer, by why it ended and what is in it."""
    if reason in ("length", "model_context_window_exceeded"):
        if content.strip():
            return "truncated", ""
        if thought:
            return "truncated", tr(
                "it thought until max_tokens {count} was reached and said nothing. Raise max_tokens, or turn its "
                "thinking off.",
                count=max_tokens,
            )
        return "truncated", tr("nothing was said within max_tokens {count}. Raise max_tokens.", count=max_tokens)
    if reason in ("content_filter", "sensitive"):
        return "filtered", tr("the provider's filter refused: {text}", text=content or "-")
    if reason == "network_error":
        return "server_error", tr("the provider reports a network error of its own")
    if content.strip():
        return "ok", ""
    if message.get("tool_calls") or message.get("function_call"):
        return "empty", tr("it called tools instead of answering; take a model or a server that answers in text")
    if message.get("refusal"):
        return "empty", tr("it refused: {text}", text=text_of(message["refusal"]))
    if thought:
        return "empty", tr("it only thought and gave no answer. Turn its thinking off, or take another model.")
    return "empty", tr("a reply without a word in it")


def _thought(message: Mapping[str, Any]) -> str:
    return next((text for name in THOUGHTS if (text := text_of(message.get(name))).strip()), "")


def _reasoned(usage: Any) -> bool:
    """Whether the server counts thoughts that it does not show."""
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    return bool(count_of(details.get("reasoning_tokens"))) if isinstance(details, dict) else False


def _whole_json(thought: str) -> str:
    """What was thought, where it is a whole JSON answer: servers with the wrong parser put answers there."""
    fenced = _FENCED.match(thought)
    text = (fenced[1] if fenced else thought).strip()
    if not text.startswith(("{", "[")):
        return ""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return text


def _first(body: Any) -> dict[str, Any] | None:
    """The first choice that holds a message, or None."""
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) and isinstance(choice.get("message"), dict) else None


def _no_json(text: str) -> str:
    """What a reply is that is not JSON."""
    if not text.strip():
        return tr("HTTP 200, but the reply is empty")
    if text.lstrip()[:1] == "<":
        return tr(
            "HTTP 200, but a web page instead of an answer: {title}. See whether base_url is that of the API; it often "
            "ends in /v1.",
            title=_title(text)[:120],
        )
    return tr("HTTP 200, but not JSON: {text}", text=text[:MAX_DETAIL])


def _title(text: str) -> str:
    """The title of a web page; any other text as it is."""
    if text.lstrip()[:1] != "<":
        return text
    found = re.search(r"<(title|h1)[^>]{0,200}>([^<]{1,200})", text[:20_000], re.IGNORECASE)
    return found[2].strip() if found else text


def _readable(body: Any, text: str) -> str:
    """JSON with its Chinese readable."""
    if len(text) >= EXCERPT - HALVED:
        return text
    try:
        return json.dumps(body, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
