"""Requests in, replies out: keeps the slots busy, tries again what may pass, and stops when going on makes no sense.

One loop in one task. A request that waits for its next try lies in a heap and holds no slot.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count

from ..errors import RunError
from .dialect import Dialect
from .store import Reply, Request, Store
from .teacher import Teacher

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds; the span of the backoff
MOST_WAIT = 600.0  # a server that asks for a longer pause means a quota, not a moment
GRACE = 10.0  # seconds in which requests in flight may end when the run stops
LATELY = 50  # finished requests by which a hopeless run is told
PASSING = {"slow_down", "busy", "timeout", "unreachable", "empty", "invalid"}
_SHORT = 0.2  # seconds between looks at the stop event

_Flight = tuple[Request, int, Dialect]  # a request in flight, its tries before this one, how it was said
_FATAL = {
    "dead": "refuses the key or the account",
    "not_found": "does not know this model or address",
}


class Sender:
    """One run over a list of requests.

    Args:
        received: called with each accepted reply, after it was committed to the store.
        finished: called with (request, reply) when a request failed for good.
        sent: called with every reply, good or bad, after it was committed.
        stop: ends the run when it is set.
    """

    def __init__(
        self,
        teacher: Teacher,
        store: Store,
        received: Callable[[Request, Reply], None],
        finished: Callable[[Request, Reply], None],
        sent: Callable[[Reply], None],
        stop: threading.Event,
    ) -> None:
        self.teacher, self.store, self.stop = teacher, store, stop
        self.received, self.finished, self.sent = received, finished, sent
        # A dialect is learned by one request at a time; what worked is remembered with the store.
        self._meta = f"dialect {teacher.address} {teacher.settings.model}"
        known = store.get_meta(self._meta)
        self.dialect, self.proven = (Dialect(**known), True) if known else (Dialect(), False)
        self._fresh: deque[tuple[Request, int]] = deque()
        self._later: list[tuple[float, int, Request, int]] = []
        self._number = count()
        self._hold_until = 0.0
        self._lately: deque[bool] = deque(maxlen=LATELY)
        self._flying: dict[asyncio.Task[Reply], _Flight] = {}

    async def run(self, requests: Sequence[Request]) -> bool:
        """Send all requests; return False if the stop event ended it early. What arrived is stored in any case.

        Raises:
            RunError: the teacher cannot be reached, refuses the key, or fails half of the time for good.
        """
        self._fresh.extend((request, 0) for request in requests)
        try:
            while self._fresh or self._later or self._flying:
                if self.stop.is_set():
                    return False
                self._start()
                await self._wait()
                self._land()
        finally:
            await self._drain()
        return True

    def _start(self) -> None:
        """Fill the free slots with what is due."""
        now = time.monotonic()
        slots = self.teacher.settings.concurrency if self.proven else 1
        while len(self._flying) < slots and now >= self._hold_until:
            if self._later and self._later[0][0] <= now:
                _, _, request, tries = heapq.heappop(self._later)
            elif self._fresh:
                request, tries = self._fresh.popleft()
            else:
                return
            task = asyncio.ensure_future(self.teacher.send(request.body, self.dialect))
            self._flying[task] = (request, tries, self.dialect)

    async def _wait(self) -> None:
        if self._flying:
            await asyncio.wait(self._flying, timeout=_SHORT, return_when=asyncio.FIRST_COMPLETED)
        else:
            due = max(self._hold_until, 0.0 if self._fresh or not self._later else self._later[0][0])
            await asyncio.sleep(min(_SHORT, max(0.0, due - time.monotonic())))

    def _land(self) -> None:
        landed = [(task, self._flying.pop(task)) for task in list(self._flying) if task.done()]
        self._keep(landed)
        for task, (request, tries, dialect) in landed:
            reply = task.result()
            if not reply.accepted:
                self._failed(request, reply, tries, dialect)

    def _keep(self, landed: Sequence[tuple[asyncio.Task[Reply], _Flight]]) -> None:
        """Commit all that landed; only then let anybody look into it, who may raise."""
        replies = [(task.result(), *flight) for task, flight in landed if task.exception() is None]
        for reply, request, _, _ in replies:
            self.store.add_reply(request.key, reply)
        for reply, request, _, dialect in replies:
            self.sent(reply)
            if reply.accepted:
                if not self.proven:
                    self.proven = True
                    self.store.set_meta(self._meta, asdict(dialect))
                self._lately.append(True)
                self.received(request, reply)

    def _failed(self, request: Request, reply: Reply, tries: int, dialect: Dialect) -> None:
        if reply.outcome in _FATAL:
            raise RunError(f"the teacher at {self.teacher.address} {_FATAL[reply.outcome]}: {reply.detail}")
        if reply.outcome == "bad_request" and not self.proven:
            poorer = dialect.after_refusal(reply.detail)
            # If no dialect is left, it was this request: the next one begins from the best dialect again.
            self.dialect = poorer or Dialect()
            if poorer:
                self._fresh.appendleft((request, tries))
                return
        if reply.wait is not None and reply.wait > MOST_WAIT:
            raise RunError(
                f"the teacher at {self.teacher.address} asks to wait {reply.wait:.0f} s, as for a spent quota: "
                f"{reply.detail} The same command goes on later."
            )
        if reply.outcome in PASSING and tries < self.teacher.settings.retries:
            self._again(request, reply, tries + 1)
            return
        if reply.outcome == "unreachable":
            raise RunError(
                f"the teacher at {self.teacher.address} cannot be reached, after {tries + 1} tries: {reply.detail}. "
                "Check base_url and the network; the same command goes on."
            )
        self._lately.append(False)
        self.finished(request, reply)
        failed = self._lately.count(False)
        if len(self._lately) == LATELY and 2 * failed >= LATELY:
            raise RunError(
                f"{failed} of the last {LATELY} requests to {self.teacher.address} failed for good, the last with "
                f"{reply.outcome}: {reply.detail} What was received is kept; the same command goes on."
            )

    def _again(self, request: Request, reply: Reply, tries: int) -> None:
        """Try again later: full jitter (Brooker 2015), or when the server says; its word holds for all requests."""
        now = time.monotonic()
        wait = random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)))
        if reply.wait is not None:
            self._hold_until = max(self._hold_until, now + reply.wait)
            wait = reply.wait + wait / 10
        heapq.heappush(self._later, (now + wait, next(self._number), request, tries))

    async def _drain(self) -> None:
        """Let what is in flight end, for it may be billed, and keep it; cut off what takes too long."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=GRACE)
        landed = [(task, flight) for task, flight in self._flying.items() if task.done() and not task.cancelled()]
        for task in self._flying:
            task.cancel()
        self._flying.clear()
        self._keep(landed)
