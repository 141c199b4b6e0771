"""Hours in seconds: an event loop whose clock jumps to whatever is awaited next, and a provider that lives in it."""

from __future__ import annotations

import asyncio
import random
import selectors
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jianghu.llm.endpoint import Endpoint
from jianghu.llm.keys import Key
from jianghu.llm.prompts import Prompt
from jianghu.llm.store import Body, Item, Reader, Reply, Request, ask


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: a wait moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(0)
        if not events and timeout:
            self.now += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual seconds."""

    def __init__(self) -> None:
        self._clock = _Jumping()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> VirtualLoop:
        return VirtualLoop()


@contextmanager
def virtual_time() -> Iterator[None]:
    """Inside, `asyncio.run` runs in virtual time."""
    asyncio.set_event_loop_policy(_Policy())
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(None)


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the system has one: what is tested is not the disk."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


class Provider:
    """A transport that answers by itself, with limits for each key; times are of the running loop.

    Attributes:
        at_once: requests that a key may have in flight; more are refused.
        dead_from: from which call on a key is refused for good.
        peak: most in flight at once for each key, refused ones included, since `warm` seconds.
        starts: when each accepted call of a key began.
    """

    def __init__(self, seconds: float = 1.0, warm: float = 0.0, tokens: tuple[int, int] = (100, 50)) -> None:
        self.seconds, self.warm, self.tokens = seconds, warm, tokens
        self.at_once: dict[str, int] = {}
        self.dead_from: dict[str, int] = {}
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.peak: Counter[str] = Counter()
        self.flying: Counter[str] = Counter()
        self.starts: defaultdict[str, list[float]] = defaultdict(list)
        self._dice = random.Random(1)

    async def send(self, body: Body, endpoint: Endpoint, key: Key) -> Reply:
        now = asyncio.get_running_loop().time
        self.calls[key.hash] += 1
        if self.calls[key.hash] >= self.dead_from.get(key.hash, 10**9):
            await asyncio.sleep(0.05)
            return Reply("invalid_key", detail="HTTP 401", key_hash=key.hash)
        self.flying[key.hash] += 1
        if now() > self.warm:
            self.peak[key.hash] = max(self.peak[key.hash], self.flying[key.hash])
        try:
            if self.flying[key.hash] > self.at_once.get(key.hash, 10**9):
                self.refused[key.hash] += 1
                await asyncio.sleep(0.05)
                return Reply("rate_limited", detail="HTTP 429: 1302", key_hash=key.hash)
            self.starts[key.hash].append(now())
            await asyncio.sleep(self.seconds * self._dice.choice((0.8, 0.9, 1.0, 1.1, 1.2)))
        finally:
            self.flying[key.hash] -= 1
        return Reply("ok", "好", "stop", "", *self.tokens, 0.01, self.seconds, key_hash=key.hash)


class ManyStrategy:
    """So many small requests; see `Strategy`."""

    name = "many"
    prompts: Sequence[Prompt] = ()

    def __init__(self, count: int) -> None:
        self.count = count

    def fingerprint(self) -> str:
        return str(self.count)

    def plan(self, store: Reader) -> Iterator[Request]:
        for number in range(self.count):
            messages = [
                {"role": "system", "content": "你是老师。"},
                {"role": "user", "content": f"第{number}题是什么？"},
            ]
            body: Body = {"messages": messages, "max_tokens": 100, "temperature": 0.5, "schema": None}
            yield ask(self.name, "records", "test-model", body, rank=number)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        return [Item("accepted", {"question": request.body["messages"][1]["content"], "answer": reply.content})]

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        return ()

    def forecast(self, first: int) -> dict[str, int]:
        return {"records": first}
