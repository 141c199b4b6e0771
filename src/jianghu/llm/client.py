"""The HTTP client for any OpenAI-compatible endpoint: one request in, one classified `Reply` out.

It sends once. Whether and when to try again is the sender's business; that each failure is told apart is decided here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from types import TracebackType
from typing import Any, Self

import httpx

from ..recipe import TeacherSettings
from .endpoint import Endpoint
from .error_codes import outcome_of
from .keys import Key
from .store import Reply

CONNECT = 15.0  # seconds to wait for a connection
MOST_DETAIL = 500  # characters of a server's words that are kept


class Client:
    """Connections to all endpoints of a run. Use it as an async context manager.

    Each connection is an httpx client of its own: one client with many connections looks through all of them at every
    request and reply, which costs more than all the rest at a hundred in flight.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self._ssl = httpx.create_ssl_context()  # costly, so once for all
        self._free: dict[bool, list[httpx.AsyncClient]] = {True: [], False: []}
        self._all: list[httpx.AsyncClient] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._all:
            await client.aclose()

    def _connect(self, near: bool) -> httpx.AsyncClient:
        timeout = httpx.Timeout(self.settings.timeout, connect=min(CONNECT, self.settings.timeout))
        # A proxy of the environment cannot reach this machine's own servers.
        client = httpx.AsyncClient(timeout=timeout, verify=self._ssl, trust_env=not near)
        self._all.append(client)
        return client

    async def send(self, body: dict[str, Any], endpoint: Endpoint, key: Key) -> Reply:
        """Ask once, and say what came of it. Does not raise for anything that a server can do.

        Args:
            body: messages, max_tokens, temperature and schema.
        """
        began = time.monotonic()
        said = endpoint.dialect.body(body, endpoint.model)

        def failed(outcome: str, detail: str, wait: float | None = None) -> Reply:
            seconds = time.monotonic() - began
            return Reply(outcome, detail=_safe(detail, key), seconds=seconds, wait=wait, key_hash=key.hash)

        try:
            # httpx counts the time between two bytes; a server that drips would hold a slot for ever.
            async with asyncio.timeout(self.settings.timeout):
                answer = await self.request("POST", endpoint.url, key, json=said)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            return failed("timeout", f"no reply within {self.settings.timeout:g} s")
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return failed("unreachable", f"cannot connect: {error}")
        except httpx.HTTPError as error:
            return failed("busy", f"the connection broke: {error or type(error).__name__}")
        seconds = time.monotonic() - began
        return read_answer(answer.status_code, answer.text, self.settings, endpoint, key, dict(answer.headers), seconds)

    async def request(self, method: str, url: httpx.URL, key: Key, **more: Any) -> httpx.Response:
        """Any request with a key in its header. Raises what httpx raises."""
        headers = {"Authorization": f"Bearer {key.secret}"} if key.secret else {}
        near = _is_loopback(url.host)
        client = self._free[near].pop() if self._free[near] else self._connect(near)
        try:
            return await client.request(method, url, headers=headers, **more)
        finally:
            self._free[near].append(client)  # the last one used comes first: its connection is the warmest


def read_answer(
    status: int,
    text: str,
    settings: TeacherSettings,
    endpoint: Endpoint,
    key: Key,
    headers: dict[str, str] | None = None,
    seconds: float = 0.0,
) -> Reply:
    """The reply of an HTTP answer, also of one that came in a batch's file."""

    def failed(outcome: str, detail: str, wait: float | None = None) -> Reply:
        return Reply(outcome, detail=_safe(detail, key), seconds=seconds, wait=wait, key_hash=key.hash)

    if status != 200:
        refused, wait = outcome_of(status, text, endpoint.provider, headers)
        return failed(refused, f"HTTP {status}: {text}", wait)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return failed("invalid", f"HTTP 200, but not JSON: {text}")
    choice = _first(body)
    if choice is None:
        error = isinstance(body, dict) and body.get("error")
        told, wait = outcome_of(200, text, endpoint.provider, headers) if error else ("invalid", None)
        return failed(told, f"HTTP 200, but no answer in it: {json.dumps(body, ensure_ascii=False)}", wait)
    tokens_in, tokens_out = _counts(body.get("usage"))
    cost = ((tokens_in or 0) * settings.price_in + (tokens_out or 0) * settings.price_out) / 1e6
    message = choice["message"]
    content = _text(message.get("content")).encode("utf-8", "replace").decode("utf-8")
    reason = choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else None
    outcome, detail = _outcome(reason, content)
    if outcome == "truncated" and not content.strip():
        thought = "; it thought until then" if message.get("reasoning_content") else ""
        detail = f"nothing was said within max_tokens {settings.max_tokens}{thought}. Raise max_tokens."
    kept = _redact(content, key) if outcome in ("ok", "truncated") else ""
    return Reply(outcome, kept, reason, _safe(detail, key), tokens_in, tokens_out, cost, seconds, key_hash=key.hash)


def _outcome(reason: str | None, content: str) -> tuple[str, str]:
    """Outcome and detail of an answer, by why it ended."""
    if reason in ("length", "model_context_window_exceeded"):
        return "truncated", ""
    if reason in ("content_filter", "sensitive"):
        return "filtered", f"the provider's filter refused: {content}"
    if reason == "network_error":
        return "busy", "the provider reports a network error of its own"
    return ("ok" if content.strip() else "empty"), ""


def _counts(usage: Any) -> tuple[int | None, int | None]:
    found = [usage.get(name) if isinstance(usage, dict) else None for name in ("prompt_tokens", "completion_tokens")]
    tokens_in, tokens_out = (int(n) if isinstance(n, int | float) else None for n in found)
    return tokens_in, tokens_out


def _first(body: Any) -> dict[str, Any] | None:
    """The first choice that holds a message, or None."""
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) and isinstance(choice.get("message"), dict) else None


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _safe(words: str, key: Key) -> str:
    """A server's words, short, on one line, without the key (servers like to quote it)."""
    return " ".join(_redact(words, key).encode("utf-8", "replace").decode("utf-8").split())[:MOST_DETAIL]


def _redact(words: str, key: Key) -> str:
    return words.replace(key.secret, "[key]") if key.secret else words


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
