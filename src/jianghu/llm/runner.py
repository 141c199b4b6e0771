"""Strategies, driven: plan, ask, keep, read, and ask what follows, until nothing is left or a reason to stop.

Chapters, an open store, strategies and settings go in; a `Summary` comes out, and what was learned is in the store.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from .. import files
from ..corpus import Chapter
from ..errors import InterruptedByUser, JianghuError, RunError
from ..messages import tr
from ..recipe import TeacherSettings
from ..signals import stoppable
from .batch import BatchSender
from .budget import Budget, Estimate
from .client import Client
from .dispatcher import Sender, Transport
from .failures import failures
from .job import Strategy
from .pool import Pool, make_pool
from .store import Item, LeasedRequest, Reply, Request, Store

POOL_SHOWN = 2.0  # seconds between notes of the pool's state for `status`


@dataclass
class Summary:
    """Where a run stands, or how it ended.

    Attributes:
        total: requests of the strategies' plans, as far as they are known.
        done: of these, requests with an accepted reply, earlier runs included.
        asked: sendings of this run, further tries included.
        failed: requests that this run gave up, by outcome; the next run asks them again.
        records: accepted records in the store.
        rejected: records by the reason against them.
        tokens, cost: of all replies in the store.
        ended: why the run ended before everything was asked; empty if it did not.
        aside: replies that could not be read by a fault of ours; they are kept, and read again by the next run.
        fault: the first of these faults.
    """

    total: int = 0
    done: int = 0
    asked: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    records: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    ended: str = ""
    aside: int = 0
    fault: str = ""

    def count(self, items: Sequence[Item]) -> None:
        """Add what was read out of one reply."""
        for item in items:
            if item.kind == "record" and item.verdict == "accepted":
                self.records += 1
            elif item.verdict != "accepted":
                self.rejected[item.verdict] = self.rejected.get(item.verdict, 0) + 1


class Run:
    """One run of strategies over a shelf.

    Args:
        on_progress: gets a copy of the `Summary` so far, after every wave of replies.
        transport: what sends; a `Client` if none is given.
    """

    def __init__(
        self,
        chapters: Sequence[Chapter],
        store: Store,
        settings: TeacherSettings,
        on_progress: Callable[[Summary], None] | None = None,
        budget: Budget | None = None,
        transport: Transport | None = None,
        batch: bool = False,
    ) -> None:
        self.batch = batch
        self.store, self.settings, self.on_progress = store, settings, on_progress
        self.budget, self.transport = budget or Budget(), transport
        self.shelf = store.shelve(chapters)
        self.estimate = Estimate()
        self.now = Summary()
        self.details: dict[str, str] = {}  # outcome → what was said last
        self._began = self._noted = time.monotonic()

    def plan(self, strategy: Strategy) -> int:
        """Enter a strategy's requests, unless they are there; read what was answered and not read. Costs nothing.

        Returns the number of the plan.
        """
        for prompt in strategy.prompts:
            self.store.add_prompt(prompt.hash, prompt.name, prompt.text)
        number, made = self.store.begin_plan(strategy.name, files.sha256_json([strategy.fingerprint(), self.shelf]))
        if not made:
            self.store.plan(number, strategy.plan(self.store))
            self.store.end_plan(number)
        self._read_all(strategy, number)
        self.store.begin_run(number)
        return number

    def _read_all(self, strategy: Strategy, number: int) -> None:
        self._faults(read_all(strategy, self.store, number).faults)

    def _faults(self, faults: Sequence[str]) -> None:
        self.now.aside += len(faults)
        self.now.fault = self.now.fault or next(iter(faults), "")

    def go(self, strategies: Sequence[Strategy], stop: threading.Event | None = None) -> Summary:
        """Run the strategies one after the other. See `run_strategies`."""
        with stoppable(stop) as stopped:
            why = asyncio.run(self._work(strategies, stopped))
        self._refresh(strategies)
        self._show()
        if why == "stopped":
            raise InterruptedByUser(
                tr(
                    "Stopped: {done:,} of {total:,} requests are answered and kept.",
                    done=self.now.done,
                    total=self.now.total,
                ),
                same_command=True,
            )
        if self.now.failed and not self.now.done:
            raise RunError(
                tr(
                    "the teacher answered none of {total:,} requests: {what}. The same command asks again; `{jianghu} "
                    "synth check` tries the teacher with one request.",
                    total=self.now.total,
                    what=failures(self.now.failed, self.details),
                )
            )
        self.now.ended = why or ""
        return self.now

    async def _work(self, strategies: Sequence[Strategy], stop: threading.Event) -> str | None:
        async with AsyncExitStack() as stack:
            # A missing key is told before anything is planned or sent.
            pool = make_pool(self.settings, asyncio.get_running_loop().time)
            transport = self.transport
            if transport is None:
                transport = await stack.enter_async_context(Client(self.settings))
            why: str | None = "crashed"
            try:
                for strategy in strategies:
                    number = self.plan(strategy)
                    self._refresh(strategies)
                    self._show()
                    if why := await self._ask(strategy, number, pool, transport, stop):
                        break
            except RunError as error:
                why = str(error)
                raise
            finally:
                stopped = tr("stopped by the user") if why == "stopped" else why
                self._note(pool, stopped or tr("everything is asked"))
        return why

    async def _ask(
        self, strategy: Strategy, number: int, pool: Pool, transport: Transport, stop: threading.Event
    ) -> str | None:
        def received(good: Sequence[tuple[LeasedRequest, Reply]], all_: Sequence[Reply]) -> None:
            self.now.asked += len(all_)
            self.now.tokens += sum((reply.tokens_in or 0) + (reply.tokens_out or 0) for reply in all_)
            self.now.cost += sum(reply.cost for reply in all_)
            found = Reading()
            for taken, reply in good:
                found.read(strategy, self.store, taken.id, taken.request, reply)
            self.now.total += found.enter(self.store, number)
            self._faults(found.faults)
            self.now.done += len(good)
            for _, items, _ in found.whole:
                self.now.count(items)
            if time.monotonic() - self._noted > POOL_SHOWN:
                self._note(pool)
            self._show()

        def failed(reply: Reply) -> None:
            self.now.failed[reply.outcome] = self.now.failed.get(reply.outcome, 0) + 1
            self.details[reply.outcome] = reply.detail

        def sender(budget: Budget) -> Sender:
            of_run = self.settings, budget, self.estimate
            return Sender(transport, pool, self.store, number, *of_run, received, failed, stop)

        if not self.batch:
            try:
                why = await sender(self.budget).run()
            except RunError:
                self._read_all(strategy, number)  # what landed when the run was ending already
                raise
            self._read_all(strategy, number)
            return why
        # How the model wants to be asked is found out by one request, before thousands are said so.
        first, *_ = pool.accounts
        why = await sender(Budget(requests=1)).run() if not first.endpoint.format_proven else None
        if why == "stopped" or not isinstance(transport, Client):
            return why
        waiting = BatchSender(
            transport, first.endpoint, first.keys[0], self.store, number, self.settings, received, stop
        )
        return await waiting.run()

    def _refresh(self, strategies: Sequence[Strategy]) -> None:
        """Count what the store holds."""
        self.now.total = sum(self.store.count(strategy.name) for strategy in strategies)
        self.now.done = sum(self.store.count(strategy.name, "answered", "read", "aside") for strategy in strategies)
        verdicts = self.store.verdicts()
        self.now.records = verdicts.pop("accepted", 0)
        self.now.rejected = verdicts
        self.now.tokens, self.now.cost = self.store.spent()

    def _note(self, pool: Pool, ended: str | None = None) -> None:
        """Leave word for `status`, which looks from another process."""
        self._noted = time.monotonic()
        self.store.set_meta("pool", {"at": time.time(), "accounts": pool.facts(), "ended": ended})

    def _show(self) -> None:
        self.now.seconds = time.monotonic() - self._began
        if self.on_progress:
            self.on_progress(replace(self.now))


def run_strategies(
    strategies: Sequence[Strategy],
    chapters: Sequence[Chapter],
    store: Store,
    settings: TeacherSettings,
    on_progress: Callable[[Summary], None] | None = None,
    stop: threading.Event | None = None,
    budget: Budget | None = None,
    transport: Transport | None = None,
    batch: bool = False,
) -> Summary:
    """Ask the teacher all that strategies want and that has no reply yet; read, check and store what it says.

    Args:
        on_progress: gets a copy of the `Summary` so far, after every wave of replies.
        stop: set it from another thread to end the run; Ctrl-C does the same.
        budget: what may be spent; the run ends well when it is reached, and says so in `Summary.ended`.
        transport: what sends the requests; the HTTP client, if none is given.
        batch: send files of requests by the first account's batch API instead, for half the price within a day.

    Raises:
        InputError: the endpoint's settings or its key are missing; nothing was sent.
        RunError: no key is left, half of the requests fail for good, or nothing at all was answered. What was received
            is kept.
        InterruptedByUser: the run was stopped. What was received is kept, and the same call goes on.
    """
    return Run(chapters, store, settings, on_progress, budget, transport, batch).go(strategies, stop)


def plan_strategies(
    strategies: Sequence[Strategy], chapters: Sequence[Chapter], store: Store, settings: TeacherSettings
) -> None:
    """Enter what strategies want to ask, without asking. See `Run.plan`."""
    run = Run(chapters, store, settings)
    for strategy in strategies:
        run.plan(strategy)


@dataclass
class Reading:
    """What was read out of some replies.

    Attributes:
        whole: number of a request in the store, its items, the requests that follow.
        aside: requests whose reply a strategy could not read: a fault of ours, which costs nothing but this reply.
        faults: why.
    """

    whole: list[tuple[int, Sequence[Item], Sequence[Request]]] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def read(self, strategy: Strategy, store: Store, id_: int, request: Request, reply: Reply) -> None:
        """Read one reply."""
        try:
            items = strategy.read(request, reply)
            self.whole.append((id_, items, list(strategy.follow(request, reply, items, store))))
        except JianghuError:
            raise
        except Exception as error:
            self.aside.append(id_)
            self.faults.append(f"{type(error).__name__}: {error}"[:200])

    def enter(self, store: Store, number: int) -> int:
        """Keep what was read; returns how many requests follow."""
        if self.aside:
            store.set_aside(self.aside)
        return store.enter_items(number, self.whole)


@dataclass
class ReadAll:
    """How many replies were read, and the faults of those that could not be."""

    read: int = 0
    faults: list[str] = field(default_factory=list)


def read_all(
    strategy: Strategy, store: Store, number: int, count: Callable[[Sequence[Item]], None] | None = None
) -> ReadAll:
    """Read every reply of a plan that has not been read, also of the requests that follow from those.

    Args:
        count: gets the items of each reply.
    """
    done = ReadAll()
    while piece := store.unread(number):
        found = Reading()
        for id_, request, reply in piece:
            found.read(strategy, store, id_, request, reply)
        found.enter(store, number)
        done.read += len(found.whole)
        done.faults += found.faults
        for _, items, _ in found.whole:
            if count:
                count(items)
    return done


def reparse(strategy: Strategy, store: Store) -> Summary:
    """Read every stored reply of a strategy's plan again, without asking anybody, and replace its items."""
    summary = Summary()
    done = read_all(strategy, store, store.unread_again(strategy.name), summary.count)
    summary.total = summary.done = done.read
    summary.aside, summary.fault = len(done.faults), next(iter(done.faults), "")
    summary.tokens, summary.cost = store.spent()
    return summary
