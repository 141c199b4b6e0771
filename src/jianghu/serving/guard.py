"""What stands before the routes: whose requests are let in, how large they may be and how slow.

A web page of a stranger can make its reader's browser send requests to 127.0.0.1, under a name that it has had
resolved to that address (DNS rebinding) or simply across origins. So the Host must be a name of this server, and an
Origin, which a browser cannot forge, must be that Host.
"""

from __future__ import annotations

import asyncio
import gc
import hmac
import ipaddress
import json
import logging
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..recipe import ServeSettings
from .errors import ApiError, overloaded
from .metrics import Metrics

log = logging.getLogger("jianghu.serving")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a pair in JSON; without the other half it is no text."""
LET_GO = "let_go"
"""Name, in the state that comes with a request, of what closes its connection at once."""
SMALL_BYTES = 8 * 1024
"""Requests up to this size are taken whatever others have sent."""
LARGE_AT_ONCE = 8
"""Requests of the largest size that may be held at once; what is parsed of one takes up to 24 times its bytes."""
MAX_VALUES = 50_000
"""Lists, objects and fields in a request; one of a megabyte that holds more was made to keep the server busy."""
PROTECTED = ("/v1", "/api", "/studio", "/metrics", "/openapi.json")
"""What wants the key, where there is one. The page itself holds no secret, and /health tells none."""


class Guard:
    """ASGI middleware that refuses and logs, reads the body within its limits, and counts answers.

    Args:
        key: what clients must send as `Authorization: Bearer …`; empty: nothing.
        streamed: paths of which the route itself reads the body, piece by piece and within its own limits.
    """

    def __init__(
        self, app: ASGIApp, settings: ServeSettings, key: str, metrics: Metrics, streamed: Collection[str] = ()
    ) -> None:
        self.app, self.settings, self.key, self.metrics = app, settings, key.encode(), metrics
        self.streamed = frozenset(streamed)
        self.local = is_loopback(settings.host)
        self.held = 0
        """Bytes of the larger requests that are being read or answered."""
        self.turn = _Turn()
        self.names = {"localhost", settings.host.lower(), *(name.lower() for name in settings.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self.metrics.requests.labels(route, message["status"]).inc()
                MutableHeaders(scope=message).setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        share = _Share(self)
        try:
            await self._let_in(scope, receive, counted, share)
        finally:
            share.give_back()

    async def _let_in(self, scope: Scope, receive: Receive, counted: Send, share: _Share) -> None:
        try:
            self._check(scope)
            if scope["path"] not in self.streamed:
                body = await self._body(scope, receive, share)
                _check_text(body)
                _check_values(body)
                receive = _replay(body, receive, self.turn if len(body) > SMALL_BYTES else None)
        except ApiError as error:
            client = scope.get("client") or ("unknown", 0)
            log.warning("refused %s %r from %s: %s", scope["method"], scope["path"], client[0], error)
            self.metrics.refused.labels(error.status).inc()
            await error.response()(scope, receive, counted)
            return
        await self.app(scope, receive, counted)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._known(hosts[0]):
            shown = ", ".join(hosts) or "none"
            raise ApiError(403, f"Host {shown!r} is not a name of this server; see allowed_hosts.", "host_not_allowed")
        if origins and (len(origins) > 1 or urlsplit(origins[0]).netloc.lower() != hosts[0].lower()):
            raise ApiError(403, f"Requests from Origin {origins[0]!r} are not answered.", "origin_not_allowed")
        if self.key and scope["path"].startswith(PROTECTED):
            self._check_key(headers.get("authorization", ""))

    def _known(self, host: str) -> bool:
        """Whether a Host is this server: an IP address cannot be rebound, and names must be listed."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.local

    def _check_key(self, given: str) -> None:
        challenge = {"WWW-Authenticate": "Bearer"}
        scheme, _, key = given.partition(" ")
        if scheme.lower() != "bearer" or not key:
            message = "You didn't provide an API key. Send it as Authorization: Bearer KEY."
            raise ApiError(401, message, headers=challenge)
        if not hmac.compare_digest(key.strip().encode("latin-1"), self.key):
            raise ApiError(401, "Incorrect API key provided.", "invalid_api_key", headers=challenge)

    async def _body(self, scope: Scope, receive: Receive, share: _Share) -> bytes:
        """The whole body, which is small, so that no route waits for a slow one.

        Raises:
            ApiError: 413, 408, or 429 where others send as much; the connection is closed, since the rest of the body
                would come as a request.
        """
        limit = self.settings.max_request_kb * 1024
        close = {"Connection": "close"}
        too_large = ApiError(413, f"The request is larger than {limit:,} bytes.", "request_too_large", headers=close)
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > limit:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self.settings.read_seconds):
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise too_large
                    share.take(len(body))
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            slow = f"The request did not arrive within {self.settings.read_seconds:g} seconds."
            raise ApiError(408, slow, "request_timeout", headers=close) from None


class _Share:
    """What one request takes of the bytes that larger requests may hold together."""

    def __init__(self, guard: Guard) -> None:
        self.guard, self.bytes = guard, 0
        self.most = LARGE_AT_ONCE * guard.settings.max_request_kb * 1024

    def take(self, size: int) -> None:
        """Have as many bytes in all.

        Raises:
            ApiError: 429, others hold too many.
        """
        if size <= SMALL_BYTES:
            return
        if self.guard.held + size - self.bytes > self.most:
            error = overloaded("Too many large requests at once. Try again in a moment.")
            error.headers = {**(error.headers or {}), "Connection": "close"}
            raise error
        self.guard.held += size - self.bytes
        self.bytes = size

    def give_back(self) -> None:
        """The request is over."""
        self.guard.held -= self.bytes
        self.bytes = 0


def _check_text(body: bytes) -> None:
    """Refuse JSON with half a character in it, which nothing behind this can print, store or send back.

    Raises:
        ApiError: 400.
    """
    if _SURROGATE.search(body):
        try:
            json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ApiError(400, "The request holds half a character: a surrogate without its pair.") from None
        except (ValueError, RecursionError):
            return  # no JSON; the routes say so


def _check_values(body: bytes) -> None:
    """Refuse what would take long to parse, by its marks: they are counted in a hundredth of that time.

    Raises:
        ApiError: 400.
    """
    if body.count(b"[") + body.count(b"{") + body.count(b":") > MAX_VALUES:
        raise ApiError(400, f"The request holds more than {MAX_VALUES:,} lists, objects and fields.")


class _Turn:
    """Lets larger requests be parsed one after another, with as much time between two as one took, in which the event
    loop does what others wait for. Meanwhile the garbage collector rests: for every few hundred lists that are made it
    would walk all that there is, which takes five times as long as the parsing."""

    def __init__(self) -> None:
        self._free = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a turn; it is over when the task that took it waits for something else."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        began = loop.time()
        gc.disable()

        def parsed() -> None:
            gc.enable()
            loop.call_later(loop.time() - began, self._free.release)

        loop.call_soon(parsed)


def _replay(body: bytes, receive: Receive, turn: _Turn | None) -> Receive:
    """A `receive` that gives a body that was read already, of a larger request when it is its `turn`; then what comes
    after it: the client's leaving."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        if turn is not None:
            await turn.take()
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
