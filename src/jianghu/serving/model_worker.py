"""The thread that writes. Orders go in from the event loop; pieces of text come back to it.

One thread steps the engines of all checkpoints in turn: threads of their own would only take the same cores from
each other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np
import torch

from ..generation import Engine, Row
from ..model import Checkpoint
from ..recipe import ServeSettings
from .errors import broken, overloaded, stopping
from .generation_request import Order, Piece, Text
from .metrics import Metrics

log = logging.getLogger("jianghu.serving")
BACKLOG = 2048
"""Tokens told of, likely ones included, that a request may leave unread; then no more is written of it."""
SILENT_SECONDS = 2.0
"""Time a reader may leave so much unread while others are refused for want of room."""


class Worker:
    """Use it as an async context manager; all methods but the thread's own are called in the event loop.

    Args:
        checkpoints: by name.
        settings: places, queue and threads.
        metrics: to be kept.
    """

    def __init__(self, checkpoints: dict[str, Checkpoint], settings: ServeSettings, metrics: Metrics) -> None:
        self.checkpoints, self.settings, self.metrics = checkpoints, settings, metrics
        self._desks = {name: _Desk(checkpoint, settings.batch) for name, checkpoint in checkpoints.items()}
        self._open = dict.fromkeys(checkpoints, 0)  # texts that are not finished
        self._orders: set[Order] = set()
        self._stopping = False
        self._inbox: deque[Callable[[], None]] = deque()
        self._wake, self._closing = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="jianghu-writer", daemon=True)

    async def __aenter__(self) -> Worker:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)

    def submit(self, order: Order) -> None:
        """Have an order written. Call `leave` afterwards in any case.

        Raises:
            ApiError: 429, too many texts wait already; 503, the server stops.
        """
        if self._stopping:
            raise stopping()
        if not self._has_room(order):
            raise overloaded(f"Too many requests are waiting for {order.model}. Try again in a moment.")
        order.unfinished = len(order.texts)
        self._open[order.model] += order.unfinished
        self._orders.add(order)
        self._post(lambda: self._desks[order.model].take(order))

    def _has_room(self, order: Order) -> bool:
        """Whether an order can be taken; readers that do not read are let go for it, the longest silent first."""
        room = self.settings.batch + self.settings.queue - len(order.texts)
        if self._open[order.model] > room:
            before = time.monotonic() - SILENT_SECONDS
            silent = [
                other
                for other in self._orders
                if other.model == order.model and other.paused and other.paused_at < before and other.let_go
            ]
            for other in sorted(silent, key=lambda other: other.paused_at):
                if self._open[order.model] <= room:
                    break
                self.leave(other)
                assert other.let_go is not None
                other.let_go()
        return self._open[order.model] <= room

    def leave(self, order: Order) -> None:
        """Write no more of a submitted order: it is finished, or its client has gone."""
        self._open[order.model] -= order.unfinished
        order.unfinished = 0
        self._orders.discard(order)
        self._post(lambda: self._desks[order.model].drop(order))

    def make_room(self, order: Order) -> None:
        """Go on with an order that was paused, once most of what was written of it has been taken."""
        if order.paused and order.backlog <= BACKLOG // 2:
            self._post(lambda: self._desks[order.model].resume(order))

    def stop(self) -> int:
        """End what is being written, and take no more orders; how many were open."""
        self._stopping = True
        for order in self._orders:
            order.arrived.put_nowait(stopping())
        return len(self._orders)

    @property
    def alive(self) -> bool:
        """Whether the thread that writes is there."""
        return self._thread.is_alive()

    def facts(self) -> dict[str, dict[str, int]]:
        """Texts that are being written and that wait, by checkpoint."""
        return {
            name: {"running": len(desk.engine.running), "waiting": len(desk.engine.waiting) + len(desk.engine.paused)}
            for name, desk in self._desks.items()
        }

    def _post(self, task: Callable[[], None]) -> None:
        self._inbox.append(task)
        self._wake.set()

    def _run(self) -> None:
        torch.set_num_threads(self.settings.threads or max(1, torch.get_num_threads() - 1))
        while not self._closing:
            self._wake.clear()
            while self._inbox:
                self._inbox.popleft()()
            busy = [(name, desk) for name, desk in self._desks.items() if desk.busy]
            if not busy:
                self._wake.wait()
            for name, desk in busy:
                self._step(name, desk)

    def _step(self, name: str, desk: _Desk) -> None:
        began = time.perf_counter()
        try:
            news = desk.step()
        except Exception:
            log.exception("writing with %s failed; its open requests are given up", name)
            self._loop.call_soon_threadsafe(_fail, desk.clear())
            return
        for order, error in desk.take_failed():
            log.error("a request to %s cannot go on; the others do", name, exc_info=error)
            self._loop.call_soon_threadsafe(_fail, {order})
        self.metrics.step(name, time.perf_counter() - began, len(news))
        if news:
            self._loop.call_soon_threadsafe(self._deliver, news)

    def _deliver(self, news: list[tuple[Order, int, Piece]]) -> None:
        for order, index, piece in news:
            if piece.ending and order.unfinished:
                order.unfinished -= 1
                self._open[order.model] -= 1
            order.arrived.put_nowait((index, piece))


class _Desk:
    """One checkpoint's engine and the texts in it; used by the writing thread alone."""

    def __init__(self, checkpoint: Checkpoint, places: int) -> None:
        self.checkpoint = checkpoint
        self.engine = Engine(checkpoint.model, places)
        self.texts: dict[Row, tuple[Order, Text]] = {}
        self._failed: list[tuple[Order, Exception]] = []

    @property
    def busy(self) -> bool:
        """Whether there is anything to write or to report."""
        return self.engine.busy or bool(self._failed)

    def clear(self) -> set[Order]:
        """Begin anew; the orders that were open."""
        orders = {order for order, _ in self.texts.values()}
        self.engine, self.texts = Engine(self.checkpoint.model, self.engine.places), {}
        return orders

    def take(self, order: Order) -> None:
        try:
            for text in order.texts:
                random = np.random.default_rng(text.draws)
                text.row = self.engine.add(text.prompt, text.sampling, text.stop, random)
                self.texts[text.row] = order, text
        except Exception as error:
            self._give_up(order, error)

    def drop(self, order: Order) -> None:
        for row in self._rows(order):
            del self.texts[row]
            self.engine.cancel(row)

    def take_failed(self) -> list[tuple[Order, Exception]]:
        """Orders that have failed since this was last called, with what kept them from going on."""
        failed, self._failed = self._failed, []
        return failed

    def _give_up(self, order: Order, error: Exception) -> None:
        self.drop(order)
        self._failed.append((order, error))

    def step(self) -> list[tuple[Order, int, Piece]]:
        news = []
        written = self.engine.step()
        for row in self.engine.failed:
            if row in self.texts:
                assert row.error is not None
                self._give_up(self.texts[row][0], row.error)
        self.engine.failed.clear()
        for new in written:
            if new.row not in self.texts:
                continue  # another text of its order has failed
            order, text = self.texts[new.row]
            try:
                piece = text.push(new.id, new.likelihood)
            except Exception as error:
                self._give_up(order, error)
                continue
            if piece.ending:
                del self.texts[new.row]
                if not new.row.ending:
                    self.engine.cancel(new.row)
            order.given += piece.size
            news.append((order, text.index, piece))
        for order in {order for order, _, _ in news}:
            if order.backlog > BACKLOG and not order.paused:
                order.paused_at, order.paused = time.monotonic(), True
                for row in self._rows(order):
                    self.engine.pause(row)
        return news

    def resume(self, order: Order) -> None:
        order.paused = False
        for row in self._rows(order):
            self.engine.resume(row)

    def _rows(self, order: Order) -> list[Row]:
        return [text.row for text in order.texts if text.row is not None and text.row in self.texts]


def _fail(orders: set[Order]) -> None:
    for order in orders:
        order.arrived.put_nowait(broken())
