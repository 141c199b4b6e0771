"""The thread that writes. Orders go in from the event loop; pieces of text come back to it.

One thread steps the engines of all checkpoints in turn: threads of their own would only take the same cores from
each other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection

import numpy as np
import torch

from ..generation import Engine, Row
from ..model import Checkpoint
from ..recipe import ServeSettings
from .errors import broken, overloaded, stopping
from .generation_request import GenerationRequest, Text, TextDelta
from .metrics import Metrics

log = logging.getLogger("jianghu.serving")
BACKLOG = 2048
"""Tokens told of, likely ones included, that a request may leave unread; then no more is written of it."""
SILENT_SECONDS = 2.0
"""Time a reader may leave so much unread while others are refused for want of room."""


class Worker:
    """Use it as an async context manager; all methods but the thread's own are called in the event loop.

    Args:
        names: of the checkpoints, for `facts`.
        settings: places, queue and threads.
        metrics: to be kept.
    """

    def __init__(self, names: Collection[str], settings: ServeSettings, metrics: Metrics) -> None:
        self.names, self.settings, self.metrics = names, settings, metrics
        self._writers: dict[str, _CheckpointWriter] = {}  # made and taken away by the writing thread alone
        self._open: Counter[str] = Counter()  # texts that are not finished
        self._generations: set[GenerationRequest] = set()
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

    def submit(self, generation: GenerationRequest) -> None:
        """Have a generation written. Call `leave` afterwards in any case.

        Raises:
            ApiError: 429, too many texts wait already; 503, the server stops.
        """
        if self._stopping:
            raise stopping()
        if not self._has_room(generation):
            raise overloaded(f"Too many requests are waiting for {generation.model}. Try again in a moment.")
        generation.unfinished = len(generation.texts)
        self._open[generation.model] += generation.unfinished
        self._generations.add(generation)
        self._post(lambda: self._writer_for(generation).take(generation))

    def _has_room(self, generation: GenerationRequest) -> bool:
        """Whether a generation can be taken; readers that do not read are let go for it, the longest silent first."""
        room = self.settings.batch + self.settings.queue - len(generation.texts)
        if self._open[generation.model] > room:
            before = time.monotonic() - SILENT_SECONDS
            silent = [
                other
                for other in self._generations
                if other.model == generation.model and other.paused and other.paused_at < before and other.let_go
            ]
            for other in sorted(silent, key=lambda other: other.paused_at):
                if self._open[generation.model] <= room:
                    break
                self.leave(other)
                assert other.let_go is not None
                other.let_go()
        return self._open[generation.model] <= room

    def leave(self, generation: GenerationRequest) -> None:
        """Write no more of a submitted generation: it is finished, or its client has gone."""
        self._open[generation.model] -= generation.unfinished
        generation.unfinished = 0
        self._generations.discard(generation)
        self._post(lambda: self._writer_for(generation).drop(generation))

    def make_room(self, generation: GenerationRequest) -> None:
        """Go on with a generation that was paused, once most of what was written of it has been taken."""
        if generation.paused and generation.backlog <= BACKLOG // 2:
            self._post(lambda: self._writer_for(generation).resume(generation))

    @property
    def held(self) -> set[str]:
        """Names of the checkpoints that were written with and not released."""
        return set(dict(self._writers))

    def release(self, name: str) -> None:
        """Hold a checkpoint no longer, unless it is writing."""

        def let_go() -> None:
            if (writer := self._writers.get(name)) and not writer.busy:
                del self._writers[name]

        self._post(let_go)

    def _writer_for(self, generation: GenerationRequest) -> _CheckpointWriter:
        """The writer of a checkpoint. One that was trained on since takes its place as soon as it is idle."""
        known = self._writers.get(generation.model)
        if known is None or (known.checkpoint is not generation.checkpoint and not known.busy):
            known = self._writers[generation.model] = _CheckpointWriter(generation.checkpoint, self.settings.batch)
        return known

    def stop(self) -> int:
        """End what is being written, and take no more generations; how many were open."""
        self._stopping = True
        for generation in self._generations:
            generation.arrived.put_nowait(stopping())
        return len(self._generations)

    @property
    def alive(self) -> bool:
        """Whether the thread that writes is there."""
        return self._thread.is_alive()

    def facts(self) -> dict[str, dict[str, int]]:
        """Texts that are being written and that wait, by checkpoint."""
        writers = dict(self._writers)
        return {name: writers[name].facts() if name in writers else {"running": 0, "waiting": 0} for name in self.names}

    def _post(self, task: Callable[[], None]) -> None:
        self._inbox.append(task)
        self._wake.set()

    def _run(self) -> None:
        torch.set_num_threads(self.settings.threads or max(1, torch.get_num_threads() - 1))
        while not self._closing:
            self._wake.clear()
            while self._inbox:
                self._inbox.popleft()()
            busy = [(name, writer) for name, writer in self._writers.items() if writer.busy]
            if not busy:
                self._wake.wait()
            for name, writer in busy:
                self._step(name, writer)

    def _step(self, name: str, writer: _CheckpointWriter) -> None:
        began = time.perf_counter()
        try:
            news = writer.step()
        except Exception:
            log.exception("writing with %s failed; its open requests are given up", name)
            self._loop.call_soon_threadsafe(_fail, writer.clear())
            return
        for generation, error in writer.take_failed():
            log.error("a request to %s cannot go on; the others do", name, exc_info=error)
            self._loop.call_soon_threadsafe(_fail, {generation})
        self.metrics.step(name, time.perf_counter() - began, len(news))
        if news:
            self._loop.call_soon_threadsafe(self._deliver, news)

    def _deliver(self, news: list[tuple[GenerationRequest, int, TextDelta]]) -> None:
        for generation, index, piece in news:
            if piece.ending and generation.unfinished:
                generation.unfinished -= 1
                self._open[generation.model] -= 1
            generation.arrived.put_nowait((index, piece))


class _CheckpointWriter:
    """One checkpoint's engine and the texts in it; used by the writing thread alone."""

    def __init__(self, checkpoint: Checkpoint, places: int) -> None:
        self.checkpoint = checkpoint
        self.engine = Engine(checkpoint.model, places)
        self.texts: dict[Row, tuple[GenerationRequest, Text]] = {}
        self._failed: list[tuple[GenerationRequest, Exception]] = []

    @property
    def busy(self) -> bool:
        """Whether there is anything to write or to report."""
        return self.engine.busy or bool(self._failed)

    def facts(self) -> dict[str, int]:
        """Texts that are being written and that wait."""
        return {
            "running": len(self.engine.running),
            "waiting": len(self.engine.waiting) + len(self.engine.paused),
        }

    def clear(self) -> set[GenerationRequest]:
        """Begin anew; the generations that were open."""
        generations = {generation for generation, _ in self.texts.values()}
        self.engine, self.texts = Engine(self.checkpoint.model, self.engine.places), {}
        return generations

    def take(self, generation: GenerationRequest) -> None:
        try:
            for text in generation.texts:
                random = np.random.default_rng(text.draws)
                text.row = self.engine.add(text.prompt, text.sampling, text.stop, random)
                self.texts[text.row] = generation, text
        except Exception as error:
            self._give_up(generation, error)

    def drop(self, generation: GenerationRequest) -> None:
        for row in self._rows(generation):
            del self.texts[row]
            self.engine.cancel(row)

    def take_failed(self) -> list[tuple[GenerationRequest, Exception]]:
        """Orders that have failed since this was last called, with what kept them from going on."""
        failed, self._failed = self._failed, []
        return failed

    def _give_up(self, generation: GenerationRequest, error: Exception) -> None:
        self.drop(generation)
        self._failed.append((generation, error))

    def step(self) -> list[tuple[GenerationRequest, int, TextDelta]]:
        news = []
        written = self.engine.step()
        for row in self.engine.failed:
            if row in self.texts:
                assert row.error is not None
                self._give_up(self.texts[row][0], row.error)
        self.engine.failed.clear()
        for new in written:
            if new.row not in self.texts:
                continue  # another text of its generation has failed
            generation, text = self.texts[new.row]
            try:
                piece = text.push(new.id, new.likelihood)
            except Exception as error:
                self._give_up(generation, error)
                continue
            if piece.ending:
                del self.texts[new.row]
                if not new.row.ending:
                    self.engine.cancel(new.row)
            generation.given += piece.size
            news.append((generation, text.index, piece))
        for generation in {generation for generation, _, _ in news}:
            if generation.backlog > BACKLOG and not generation.paused:
                generation.paused_at, generation.paused = time.monotonic(), True
                for row in self._rows(generation):
                    self.engine.pause(row)
        return news

    def resume(self, generation: GenerationRequest) -> None:
        generation.paused = False
        for row in self._rows(generation):
            self.engine.resume(row)

    def _rows(self, generation: GenerationRequest) -> list[Row]:
        return [text.row for text in generation.texts if text.row is not None and text.row in self.texts]


def _fail(generations: set[GenerationRequest]) -> None:
    for generation in generations:
        generation.arrived.put_nowait(broken())
