"""Requests out of the store, replies into it: keeps the keys busy, tries again what may pass, and knows when to stop.

One loop in one task. What waits for its next try lies in the store and holds no slot; nothing else is kept in memory
than what is in flight and a handful that comes next.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..errors import RunError
from ..messages import tr
from ..progress import remark
from ..recipe import TeacherSettings
from .accounts import Sending
from .budget import Budget, Estimate
from .dialect import Dialect
from .endpoint import Endpoint
from .failures import failures
from .keys import Key
from .pool import Pool
from .prices import price
from .store import Body, LeasedRequest, Reply, Store

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds; the span of the backoff of a request
GRACE = 10.0  # seconds in which requests in flight may end when the run stops
LATELY = 50  # finished requests by which a hopeless run is told
PASSING = {"server_error", "timeout", "empty", "invalid"}
"""Outcomes after which a request is tried again, a few times."""
OF_THE_KEY = {"rate_limited", "unreachable", "quota_exhausted", "invalid_key", "account_blocked", "not_found"}
"""Outcomes that are about the account, not the request: it is tried again elsewhere, and that does not count."""
_SHORT = 0.2  # seconds between looks at the stop event


class Transport(Protocol):
    """What sends one request, such as `Client`."""

    async def send(self, body: Body, endpoint: Endpoint, key: Key) -> Reply:
        """Ask once. Does not raise for anything that a server can do."""
        ...


@dataclass(frozen=True)
class InFlight:
    """A request in flight."""

    taken: LeasedRequest
    sending: Sending
    dialect: Dialect


class Sender:
    """One run over the requests of a plan.

    Args:
        number: of the plan.
        received: called with a wave of replies after it was committed: the good ones with their requests, and all of
            them; it may plan further requests.
        failed: called with the last reply to a request that was given up.
        stop: ends the run when it is set.
    """

    def __init__(
        self,
        transport: Transport,
        pool: Pool,
        store: Store,
        number: int,
        settings: TeacherSettings,
        budget: Budget,
        estimate: Estimate,
        received: Callable[[Sequence[tuple[LeasedRequest, Reply]], Sequence[Reply]], None],
        failed: Callable[[Reply], None],
        stop: threading.Event,
    ) -> None:
        self.transport, self.pool, self.store, self.number = transport, pool, store, number
        self.settings, self.budget, self.estimate = settings, budget, estimate
        self.received, self.failed, self.stop = received, failed, stop
        for endpoint in pool.endpoints:
            # How to ask is learned by one request at a time; what worked is remembered with the store.
            if known := store.dialect(endpoint.address, endpoint.model):
                endpoint.dialect, endpoint.proven, endpoint.format_proven = Dialect.stored(known), True, True
        self._next: deque[LeasedRequest] = deque()
        self._dry = False  # the store has no open request
        self._due: float | None = None  # when the first waiting request is due
        self._lately: deque[bool] = deque(maxlen=LATELY)
        self._flying: dict[asyncio.Task[Reply], InFlight] = {}
        self._landed: list[asyncio.Task[Reply]] = []
        self._news = asyncio.Event()

    async def run(self) -> str | None:
        """Send what is open until nothing is; returns why it ended before, or None.

        What arrived is stored in any case.

        Raises:
            RunError: no key is left, or half of the requests fail for good.
        """
        try:
            while True:
                if self.stop.is_set():
                    return "stopped"
                why = self._start()
                if not self._flying and (why or not self._more()):
                    return why or self._limit()
                await self._wait(sending=not why)
                self._land()
                self.pool.check()
        finally:
            await self._drain()

    def _more(self) -> bool:
        """Whether anything is left to send in this run."""
        return bool(self._next) or self._due is not None or not (self._dry or self.budget.left == 0)

    def _limit(self) -> str | None:
        if self.budget.left == 0 and self.store.is_open(self.number):
            return tr("the limit of {count:,} requests is reached", count=self.budget.requests)
        return None

    def _start(self) -> str | None:
        """Send as much as keys and budget allow; returns why the budget allows no more."""
        while True:
            taken = self._take()
            if taken is None:
                return None
            body = taken.request.body
            tokens = self.estimate.of(body)
            money = price(self.settings, *tokens)
            if why := self.budget.refusal(money, sum(tokens)):
                self._next.appendleft(taken)
                return why
            sending = self.pool.choose(sum(tokens), taken.avoid)
            if sending is None:
                self._next.appendleft(taken)
                return None
            self.budget.reserve(taken.id, money, sum(tokens))
            endpoint = sending.account.endpoint
            task = asyncio.ensure_future(self.transport.send(body, endpoint, sending.key))
            self._flying[task] = InFlight(taken, sending, endpoint.dialect)
            task.add_done_callback(self._on_landed)

    def _take(self) -> LeasedRequest | None:
        """The next request: of those at hand, else of the store."""
        now = self.pool.now()
        due = self._due is not None and self._due <= now
        if not self._next and (due or not (self._dry or self.budget.left == 0)):
            most = 16 + self.pool.room
            new = most if self.budget.left is None else min(most, self.budget.left)
            again, fresh = self.store.take(self.number, most, new, now)
            self._next.extend([*again, *fresh])
            self.budget.begun += len(fresh)
            self._dry = len(fresh) < min(new, most - len(again))
            self._due = self.store.next_due(self.number) if self._due is not None else None
        return self._next.popleft() if self._next else None

    def _on_landed(self, task: asyncio.Task[Reply]) -> None:
        self._landed.append(task)
        self._news.set()

    async def _wait(self, sending: bool) -> None:
        """Until something lands or, if `sending`, something may be sent."""
        waits = [_SHORT]
        if sending and self._next and (wait := self.pool.wait()) is not None:
            waits.append(wait)
        elif sending and not self._next and self._due is not None:
            waits.append(max(0.0, self._due - self.pool.now()))
        try:
            async with asyncio.timeout(min(waits)):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    def _land(self) -> None:
        """Commit all that landed, in one step; only then let anybody look into it, who may raise."""
        landed, self._landed = self._landed, []
        flights = [(self._flying.pop(task), task) for task in landed if task in self._flying]
        whole = [(flight, task.result()) for flight, task in flights if not task.cancelled() and not task.exception()]
        if whole:
            self._keep(whole)
            good = [(flight.taken, reply) for flight, reply in whole if reply.accepted]
            self.received(good, [reply for _, reply in whole])
            self._dry = self._dry and not good  # what was received may have planned more
        for _, task in flights:
            if not task.cancelled():
                task.result()  # a fault of ours must not pass in silence

    def _keep(self, landed: Sequence[tuple[InFlight, Reply]]) -> None:
        now = self.pool.now()
        later: list[tuple[int, float, int, str]] = []
        retold = 0
        lost: list[tuple[LeasedRequest, Reply]] = []
        for flight, reply in landed:
            taken = flight.taken
            self.pool.end(flight.sending, reply)
            self.budget.settle(taken.id, reply.cost, (reply.tokens_in or 0) + (reply.tokens_out or 0))
            self.estimate.learn(taken.request.body, reply.tokens_in, reply.tokens_out)
            if reply.accepted:
                self._prove(flight, reply.thought)
                self._lately.append(True)
            elif reply.outcome in OF_THE_KEY:
                later.append((taken.id, now, taken.tries, reply.key_hash))
            elif reply.thought and self._calmer(flight):
                later.append((taken.id, now, taken.tries, ""))
            elif self._says_it_otherwise(flight, reply):
                later.append((taken.id, now, taken.tries, ""))
                retold += 1
            elif reply.outcome in PASSING and taken.tries < self.settings.retries:
                # Full jitter (Brooker 2015). A long wait is the account's; another one may take the request sooner.
                most = min(LONGEST_WAIT, FIRST_WAIT * 2**taken.tries)
                wait = random.uniform(0, most) if reply.wait is None else min(reply.wait * 1.1, LONGEST_WAIT)
                later.append((taken.id, now + wait, taken.tries + 1, reply.key_hash))
            else:
                self._lately.append(False)
                lost.append((taken, reply))
        self.store.add_replies(
            [(flight.taken.id, reply) for flight, reply in landed],
            later=later,
            failed=[taken.id for taken, _ in lost],
        )
        if later:
            dues = [due for _, due, _, _ in later]
            self._due = min([*dues, self._due] if self._due is not None else dues)
        if retold:
            # Before all others: another request would prove the poorer format, where it may have been this one's fault.
            self._next.extendleft(self.store.take(self.number, len(later), 0, now)[0])
        for _, reply in lost:
            self.failed(reply)
        failed = self._lately.count(False)
        if lost and len(self._lately) == LATELY and 2 * failed >= LATELY:
            last = lost[-1][1]
            raise RunError(
                tr(
                    "{failed} of the last {count} requests failed for good, the last: {what}. What was received is "
                    "kept; the same command goes on.",
                    failed=failed,
                    count=LATELY,
                    what=failures({last.outcome: 1}, {last.outcome: last.detail}),
                )
            )

    def _prove(self, flight: InFlight, thought: bool) -> None:
        """Remember how an endpoint was asked when it answered well; where it thought unasked, how to ask it next."""
        endpoint = flight.sending.account.endpoint
        endpoint.proven = True
        if not endpoint.format_proven and flight.taken.request.body["schema"] is not None:
            endpoint.dialect, endpoint.format_proven = flight.dialect, True
            self._remember(endpoint)
        if thought:
            self._calmer(flight)

    def _calmer(self, flight: InFlight) -> bool:
        """After a reply with thoughts where none were wanted: whether the next one is told another way not to think."""
        endpoint = flight.sending.account.endpoint
        if self.settings.think:
            return False
        if flight.dialect.switch != endpoint.dialect.switch:  # another reply has moved it already
            return True
        if other := endpoint.dialect.next_switch():
            endpoint.dialect = other
            self._remember(endpoint)
        elif endpoint.dialect.tried:
            remark(
                tr(
                    "{model} thinks although it is told not to, at the price of its thoughts; take another model, or "
                    "raise max_tokens and set think = true.",
                    model=endpoint.model,
                )
            )
        return other is not None

    def _remember(self, endpoint: Endpoint) -> None:
        if endpoint.format_proven:
            prices = self.settings.price_in, self.settings.price_out
            self.store.set_model(endpoint.address, endpoint.model, *prices, endpoint.dialect.to_dict())

    def _says_it_otherwise(self, flight: InFlight, reply: Reply) -> bool:
        """Whether a refusal may be about how the request was said; then it is said in the next dialect."""
        endpoint = flight.sending.account.endpoint
        known = endpoint.proven if flight.taken.request.body["schema"] is None else endpoint.format_proven
        if reply.outcome != "bad_request":
            return False
        if known:
            return self._without_this_switch(flight, reply)
        if flight.dialect != endpoint.dialect:  # another request has found that out already
            return True
        poorer = flight.dialect.after_refusal(reply.detail)
        # If no dialect is left, it was this request: the next one begins from the best dialect again.
        endpoint.dialect = poorer or Dialect.first(self.settings)
        return poorer is not None

    def _without_this_switch(self, flight: InFlight, reply: Reply) -> bool:
        """Whether a refusal is about how the model was told not to think, which may change long after the format."""
        endpoint = flight.sending.account.endpoint
        if flight.dialect.switch != endpoint.dialect.switch:
            return True
        other = endpoint.dialect.next_switch() if flight.dialect.about_switch(reply.detail) else None
        if other is not None:
            endpoint.dialect = other
            self._remember(endpoint)
        return other is not None

    async def _drain(self) -> None:
        """Let what is in flight end, for it may be billed, and keep it; cut off what takes too long."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=GRACE)
        done = [(flight, task) for task, flight in self._flying.items() if task.done() and not task.cancelled()]
        for task in self._flying:
            task.cancel()
        self._flying.clear()
        whole = [(flight, task.result()) for flight, task in done if not task.exception()]
        self.store.add_replies([(flight.taken.id, reply) for flight, reply in whole], later=[], failed=[])
        self.store.give_back([taken.id for taken in self._next])
