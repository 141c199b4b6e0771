"""Runs the application on a socket, with uvicorn."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import InputError, RunError
from ..messages import tr
from ..recipe import ServeSettings
from .guard import LET_GO, is_loopback

log = logging.getLogger("jianghu.serving")
SEND_BYTES = 128 * 1024
"""The system's buffer for what a client has not read. Left to itself it grows to megabytes, and a reader who does not
read is noticed only when they are full."""
OTHERS = 512
"""Connections beside those whose texts may wait."""
KNOCKING = 2048
"""Connections that the system holds for the server until it accepts them."""
GRACE_SECONDS = 1.0
"""Time that open answers have to end when the server is told to."""


def server_key(settings: ServeSettings) -> str:
    """The API key that clients must send, from the environment; empty: none.

    Raises:
        InputError: there is none, but other machines could reach the server.
    """
    key = os.environ.get(settings.key_env, "").strip() if settings.key_env else ""
    if not key and not is_loopback(settings.host):
        name = settings.key_env or "key_env in [serve], then that variable"
        raise InputError(
            tr(
                "--host {host} lets other machines in, which needs an API key. Set {name} to "
                "one that you choose, or leave --host out to serve this machine alone.",
                host=settings.host,
                name=name,
            )
        )
    return key


def listen(settings: ServeSettings) -> socket.socket:
    """The listening socket.

    Raises:
        InputError: there is no such address here. RunError: the port is taken or not permitted.
    """
    where = f"{settings.host}:{settings.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        # Named, since asyncio sends small pieces at once (TCP_NODELAY) only where it sees that it is TCP: otherwise
        # an answer waits some 40 ms for the client's acknowledgement of what came before it on the connection.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError:
        raise InputError(tr("--host {host}: no such address.", host=settings.host)) from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)  # its connections inherit it
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(256)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise RunError(
                tr("{where} is in use by another program. Choose another --port, or 0 for any.", where=where)
            ) from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise InputError(tr("--host {host}: not an address of this machine.", host=settings.host)) from None
        raise RunError(tr("cannot listen on {where}: {strerror}.", where=where, strerror=error.strerror)) from None
    return sock


def run_server(
    app: FastAPI, settings: ServeSettings, sock: socket.socket, on_start: Callable[[], None] = lambda: None
) -> None:
    """Serve until Ctrl-C or SIGTERM; open answers are given a second to end.

    Args:
        on_start: called when requests are taken.
    """
    # What has been loaded stays: otherwise a request of a megabyte of small lists makes the garbage collector walk all
    # of it again and again, which takes ten times as long as reading the request.
    gc.collect()
    gc.freeze()
    server = make_server(app, settings)
    server.on_start = on_start
    server.run(sockets=[sock])


class Server(uvicorn.Server):
    """uvicorn's server, which says when it has started, and lets nobody keep it from ending."""

    on_start: Callable[[], None] = staticmethod(lambda: None)
    stop_writing: Callable[[], int] = staticmethod(lambda: 0)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for sock in sockets or []:
            sock.listen(KNOCKING)  # asyncio sets this to the number that it accepts at once
        self.on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers have a second to end; then those that are still written end with an error, and who does not read
        even that is let go."""
        loop = asyncio.get_running_loop()
        loop.call_later(GRACE_SECONDS, self._end)
        loop.call_later(2 * GRACE_SECONDS, self._drop)
        await super().shutdown(sockets)

    def _end(self) -> None:
        if count := self.stop_writing():
            log.warning("stopping: %d open requests were ended", count)

    def _drop(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, PatientProtocol):
                connection.transport.abort()


def make_server(app: FastAPI, settings: ServeSettings) -> Server:
    """uvicorn with our limits."""

    class Protocol(PatientProtocol):
        patience = settings.read_seconds
        reader_patience = settings.write_seconds
        max_connections = settings.queue + OTHERS

    server = Server(
        uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=settings.queue + OTHERS,
            backlog=max(1, OTHERS // 8),  # so few are accepted at once that what they send is read before they are many
            timeout_graceful_shutdown=5,
        )
    )
    server.stop_writing = app.state.stop_writing
    return server


class PatientProtocol(H11Protocol):
    """Closes a connection whose request line and headers do not come within `patience` seconds, and one whose reader
    leaves what was sent unread for `reader_patience` seconds: uvicorn itself waits for ever for a client that sends
    or reads a byte now and then. Bodies are watched by the guard.

    When there are as many connections as the server takes, the one that has owed a whole request for longest makes room
    for the next; those on which something was answered before, and those that have begun to ask, come last."""

    patience = 10.0
    reader_patience = 30.0
    max_connections = OTHERS
    _answered = False
    _since = 0.0
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        self.app_state = {**self.app_state, LET_GO: self._let_go}  # copied into the state of every request
        if len(self.connections) >= self.max_connections - 1:
            self._make_room()
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        self._answered = True
        self._wait()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.reader_patience, self._let_go)

    def resume_writing(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
        super().resume_writing()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._since = self.loop.time()
        self._timer = self.loop.call_later(self.patience, self._give_up)

    @property
    def _owes_a_request(self) -> bool:
        """No request is being answered: none has come, or not all of it."""
        return not self._has_begun or self.cycle.more_body

    @property
    def _has_begun(self) -> bool:
        """A request line and its headers have come."""
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> None:
        owing = [c for c in self.connections if isinstance(c, PatientProtocol) and c._owes_a_request]
        if owing:
            silent = min(owing, key=lambda c: (c._has_begun, c._answered, c._since))
            log.warning("closed a connection from %s: others need its place, and no whole request came", silent._who)
            self.connections.discard(silent)
            silent.transport.abort()

    def _give_up(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self.transport.is_closing():
            log.warning("closed a connection from %s: no whole request came in time", self._who)
            self.transport.close()

    def _let_go(self) -> None:
        log.warning("closed a connection from %s: it does not read what it asked for", self._who)
        self.transport.abort()

    @property
    def _who(self) -> str:
        return (self.client or ("unknown",))[0]
