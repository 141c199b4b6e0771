"""The HTTP client for any OpenAI-compatible endpoint: one request in, one classified `Reply` out.

It sends once. Whether and when to try again is the runner's business; that each failure is told apart is decided here.
"""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import json
import os
import time
from types import TracebackType
from typing import Any

import httpx

from ..errors import InputError
from ..recipe import TeacherSettings
from .dialect import Dialect
from .store import Reply

CONNECT = 15.0  # seconds to wait for a connection
MOST_DETAIL = 500  # characters of a server's words that are kept
# Codes and words by which providers say "no credit" under statuses that otherwise mean "slow down" or "bad request".
_NO_CREDIT = ("insufficient_quota", "insufficient balance", "insufficientbalance", "arrearage", "欠费", "余额不足")
_NO_CREDIT_CODES = {"1113", "insufficient_quota"}
_FILTERED_CODES = {"1301", "data_inspection_failed", "content_filter"}


class Teacher:
    """An endpoint with its key. Use it as an async context manager.

    Raises:
        InputError: base_url or model is missing, or the key is not in the environment. Nothing has been sent then.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        for name in ("base_url", "model"):
            if not getattr(settings, name).strip():
                raise InputError(
                    f"[synth.teacher] {name} is empty; the strategy passage needs base_url, model and key_env."
                )
        try:
            url = httpx.URL(settings.base_url.strip())
        except httpx.InvalidURL as error:
            raise InputError(f"[synth.teacher] base_url {settings.base_url!r} is not a URL ({error}).") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise InputError("[synth.teacher] base_url must begin with http:// or https:// and name a host.")
        if url.userinfo:
            raise InputError("[synth.teacher] base_url holds a password; put the key into the variable of key_env.")
        path = url.path.rstrip("/")
        self._url = url if path.endswith("/chat/completions") else url.copy_with(path=f"{path}/chat/completions")
        self.address = f"{url.scheme}://{url.netloc.decode()}{path}"
        self._key = _key(settings.key_env)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(settings.timeout, connect=min(CONNECT, settings.timeout)),
            limits=httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency),
            trust_env=not _is_loopback(url.host),  # a proxy cannot reach this machine's own servers
        )

    async def __aenter__(self) -> Teacher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, request: dict[str, Any], dialect: Dialect) -> Reply:
        """Send a request once, and say what came of it. Does not raise for anything that a server can do.

        Args:
            request: messages, max_tokens, temperature and schema.
        """
        began = time.monotonic()

        def failed(outcome: str, detail: str, **more: Any) -> Reply:
            return Reply(outcome, detail=self._safe(detail), seconds=time.monotonic() - began, **more)

        try:
            # httpx counts the time between two bytes; a server that drips would hold a slot for ever.
            async with asyncio.timeout(self.settings.timeout):
                answer = await self._client.post(self._url, json=dialect.body(request, self.settings.model))
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            return failed("timeout", f"no reply within {self.settings.timeout:g} s")
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return failed("unreachable", f"cannot connect: {error}")
        except httpx.HTTPError as error:
            return failed("busy", f"the connection broke: {error or type(error).__name__}")
        text = answer.text
        if answer.status_code != 200:
            outcome = outcome_of(answer.status_code, text)
            return failed(outcome, f"HTTP {answer.status_code}: {text}", wait=_wait(answer.headers.get("retry-after")))
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            return failed("invalid", f"HTTP 200, but not JSON: {text}")
        return self._read(body, time.monotonic() - began)

    def _read(self, body: Any, seconds: float) -> Reply:
        """The reply of a body with status 200, which may still hold an error."""
        choice = _first(body)
        if choice is None:
            words = json.dumps(body, ensure_ascii=False)
            outcome = outcome_of(200, words) if isinstance(body, dict) and body.get("error") else "invalid"
            return Reply(outcome, detail=self._safe(f"HTTP 200, but no answer in it: {words}"), seconds=seconds)
        usage = body.get("usage")
        counts = [
            int(n) if isinstance(n := usage.get(name) if isinstance(usage, dict) else None, int | float) else None
            for name in ("prompt_tokens", "completion_tokens")
        ]
        prices = self.settings.price_in, self.settings.price_out
        cost = sum((count or 0) * price / 1e6 for count, price in zip(counts, prices, strict=True))
        message = choice["message"]
        content = _text(message.get("content")).encode("utf-8", "replace").decode("utf-8")
        reason = choice.get("finish_reason")
        reason = reason if isinstance(reason, str) else None
        detail = ""
        if reason in ("length", "model_context_window_exceeded"):
            outcome = "truncated"
            if not content.strip():
                thought = "; it thought until then" if message.get("reasoning_content") else ""
                detail = f"nothing was said within max_tokens {self.settings.max_tokens}{thought}. Raise max_tokens."
        elif reason in ("content_filter", "sensitive"):
            outcome, detail = "filtered", self._safe(f"the provider's filter refused: {content}")
        elif reason == "network_error":
            outcome, detail = "busy", "the provider reports a network error of its own"
        else:
            outcome = "ok" if content.strip() else "empty"
        kept = self._redact(content) if outcome in ("ok", "truncated") else ""
        return Reply(outcome, kept, reason, detail, counts[0], counts[1], cost, seconds)

    def _safe(self, words: str) -> str:
        """A server's words, short, on one line, without the key (servers like to quote it)."""
        words = self._redact(words).encode("utf-8", "replace").decode("utf-8")
        return " ".join(words.split())[:MOST_DETAIL]

    def _redact(self, words: str) -> str:
        return words.replace(self._key, "[key]") if self._key else words


def outcome_of(status: int, text: str) -> str:
    """What a failure means, by the HTTP status and by what the body says."""
    code, words = _error(text)
    if code in _NO_CREDIT_CODES or any(word in words.lower() for word in _NO_CREDIT):
        return "dead"
    if code in _FILTERED_CODES:
        return "filtered"
    if status in (401, 402, 403):
        return "dead"
    if status == 429:
        return "slow_down"
    if status == 404:
        return "not_found"
    if status == 408 or status >= 500:
        return "busy"
    return "invalid" if status < 300 else "bad_request"


def _error(text: str) -> tuple[str, str]:
    """Code and words of an error body; the text itself where it is no JSON."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return "", text
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", str(error)
    return str(error.get("code") or error.get("type") or ""), str(error.get("message") or error)


def _first(body: Any) -> dict[str, Any] | None:
    """The first choice that holds a message, or None."""
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) and isinstance(choice.get("message"), dict) else None


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _key(variable: str) -> str:
    """The key in an environment variable; empty where no variable is named."""
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(
            f"the teacher's key is missing: the environment variable {variable} is not set. "
            f'Set it, or write key_env = "" under [synth.teacher] if the endpoint wants no key.'
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(f"the environment variable {variable} does not hold a key: it has spaces or odd characters.")
    return key


def _wait(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
