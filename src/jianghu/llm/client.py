"""The HTTP client for any OpenAI-compatible endpoint: one request in, one classified `Reply` out.

It sends once. Whether and when to try again is the sender's business; that each failure is told apart is decided here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from ..errors import InputError
from ..messages import tr
from ..progress import remark
from ..recipe import TeacherSettings
from .body import UnreadableBody, charset_of, read_body, read_lines
from .completions import Answer, Reader
from .endpoint import Endpoint
from .keys import Key
from .scrub import Scrubber
from .store import Body, Reply

CONNECT = 15.0  # seconds to wait for a connection
FILE_TIMEOUT = 3600.0  # seconds for a whole file of replies


class Client:
    """Connections to all endpoints of a run. Use it as an async context manager.

    Each connection is an httpx client of its own: one client with many connections looks through all of them at every
    request and reply, which costs more than all the rest at a hundred in flight.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self.scrubber = Scrubber()
        self._ssl = _certificates(settings)  # costly, so once for all
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
        try:
            with _known_proxies():
                client = httpx.AsyncClient(timeout=timeout, verify=self._ssl, trust_env=not near)
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise InputError(
                tr(
                    "the proxy of the environment (ALL_PROXY, HTTPS_PROXY or HTTP_PROXY) cannot be used: {error}. "
                    "Write it like http://HOST:PORT or socks5://HOST:PORT.",
                    error=_without_password(str(error)),
                )
            ) from None
        self._all.append(client)
        return client

    async def send(self, body: Body, endpoint: Endpoint, key: Key) -> Reply:
        """Ask once, and say what came of it. Does not raise for anything that a server can do.

        Args:
            body: messages, max_tokens, temperature and schema.
        """
        began = time.monotonic()
        reader = self.reader(endpoint, key)
        said = endpoint.dialect.body(body, endpoint.model, self.settings.extra)
        try:
            answer = await self.call("POST", endpoint.url, key, json=said)
        except CallFailed as failure:
            return reader.failed(failure.outcome, str(failure), time.monotonic() - began)
        return reader.read(answer, body["messages"])

    def reader(self, endpoint: Endpoint, key: Key) -> Reader:
        """What makes replies of answers, and lets no secret through."""
        self.scrubber.add(key.secret)
        return Reader(self.settings, endpoint, key.hash, self.scrubber.scrub)

    async def call(self, method: str, url: httpx.URL, key: Key, **more: Any) -> Answer:
        """Any request with a key in its header. Redirects are not followed: the key goes where the user sent it.

        Raises:
            CallFailed: nothing came that can be read.
        """
        began = time.monotonic()
        async with self._response(method, url, key, self.settings.timeout, more) as response:
            head = response.headers
            encoding, charset = head.get("content-encoding", ""), charset_of(head.get("content-type", ""))
            text = await read_body(response.aiter_raw(), encoding, charset, error=response.status_code >= 300)
            return Answer(response.status_code, text, dict(head), time.monotonic() - began)

    async def lines(self, url: httpx.URL, key: Key) -> AsyncIterator[str]:
        """The lines of a file, one by one, so that it may be of any size.

        Raises:
            CallFailed: it cannot be read; what was given until then stays.
        """
        async with self._response("GET", url, key, FILE_TIMEOUT, {}) as response:
            encoding = response.headers.get("content-encoding", "")
            if response.status_code >= 300:
                text = await read_body(response.aiter_raw(), encoding, error=True)
                reply = self.reader(Endpoint(url, "", ""), key).read(Answer(response.status_code, text), ())
                raise CallFailed(reply.outcome, reply.detail)
            async for line in read_lines(response.aiter_raw(), encoding):
                yield line

    @asynccontextmanager
    async def _response(
        self, method: str, url: httpx.URL, key: Key, timeout: float, more: dict[str, Any]
    ) -> AsyncIterator[httpx.Response]:
        """A response whose body is still to come; failures also of reading it become `CallFailed`."""
        self.scrubber.add(key.secret)
        headers = {"Accept-Encoding": "gzip"}
        if key.secret:
            headers["Authorization"] = f"Bearer {key.secret}"
        near = _is_loopback(url.host)
        client = self._free[near].pop() if self._free[near] else self._connect(near)
        try:
            # httpx counts the time between two bytes; a server that drips would hold a slot for ever.
            async with asyncio.timeout(timeout), client.stream(method, url, headers=headers, **more) as response:
                yield response
        except UnreadableBody as error:
            raise CallFailed("invalid", f"HTTP {response.status_code}: {error}") from None
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            raise CallFailed("timeout", tr("no whole reply within {seconds:g} s", seconds=timeout)) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise CallFailed("unreachable", _connection_words(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RuntimeError) as error:
            words = _without_password(str(error)) or type(error).__name__
            raise CallFailed("server_error", tr("the connection broke: {error}", error=words)) from None
        finally:
            self._free[near].append(client)  # the last one used comes first: its connection is the warmest


class CallFailed(Exception):  # noqa: N818 - it is a kind of reply, and becomes one
    """A call brought no answer that can be read.

    Attributes:
        outcome: as in `error_codes.Outcome`.
    """

    def __init__(self, outcome: str, words: str) -> None:
        super().__init__(words)
        self.outcome = outcome


@contextmanager
def _known_proxies() -> Iterator[None]:
    """Inside, proxies of the environment are named as httpx knows them: socks:// is what desktops write for socks5://."""
    changed: dict[str, str] = {}
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"):
        value = os.environ.get(name, "")
        if value.lower().startswith("socks://"):
            changed[name] = value
            os.environ[name] = f"socks5://{value[len('socks://') :]}"
    try:
        yield
    finally:
        os.environ.update(changed)


def _certificates(settings: TeacherSettings) -> ssl.SSLContext:
    """What servers are believed by."""
    context = httpx.create_ssl_context()
    try:
        if settings.certificates:
            context.load_verify_locations(settings.certificates)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            tr(
                "[synth.teacher] certificates {path}: no file of certificates in PEM ({error}).",
                path=settings.certificates,
                error=error,
            )
        ) from None
    if not settings.verify:
        remark(
            tr("certificates are not checked ([synth.teacher] verify = false); anybody on the way can read the key.")
        )
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _connection_words(error: Exception) -> str:
    words = _without_password(str(error)) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return tr(
            "the server's certificate is not trusted ({error}). If it is your own server, name its certificate in "
            "[synth.teacher] certificates.",
            error=words,
        )
    return tr("cannot connect: {error}", error=words)


def _without_password(words: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//…@", words)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
