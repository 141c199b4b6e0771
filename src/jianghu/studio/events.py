"""What open pages are told as it happens: one stream of server-sent events for each of them.

Watchers look at the workspace once in a while and give what is new; routes may publish too.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from ..serving.errors import overloaded

log = logging.getLogger("jianghu.studio")
Event = tuple[str, object]
"""Its kind and its data, which JSON can hold."""
Watcher = Callable[[], Iterable[Event]]
LOOK_SECONDS = 0.7
HEARTBEAT_SECONDS = 10.0
WAITING = 500
"""Events that a page may leave unread; then its stream ends, and it begins anew."""
PAGES = 64
"""Pages that may listen at once."""


class Events:
    """The streams of all open pages, and the watchers that feed them."""

    def __init__(self) -> None:
        self.watchers: list[Watcher] = []
        self._pages: set[asyncio.Queue[Event | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def publish(self, kind: str, data: object) -> None:
        """Tell all pages; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, kind, data)

    async def watch(self) -> None:
        """Look again and again, until it is cancelled. A watcher that fails is tried again the next time."""
        self._loop = asyncio.get_running_loop()
        while True:
            for watcher in self.watchers:
                try:
                    found = await asyncio.to_thread(_all, watcher)
                except Exception:
                    log.exception("a watcher failed")
                    continue
                for kind, data in found:
                    self._tell(kind, data)
            await asyncio.sleep(LOOK_SECONDS)

    def stop(self) -> int:
        """End all streams; returns how many there were."""
        pages = list(self._pages)
        for page in pages:
            _put(page, None)
        return len(pages)

    def _tell(self, kind: str, data: object) -> None:
        for page in list(self._pages):
            if page.full():
                self._pages.discard(page)
                _put(page, None)
            else:
                page.put_nowait((kind, data))

    async def stream(self) -> AsyncIterator[str]:
        """The text of one page's stream; it begins with an event `hello`."""
        page: asyncio.Queue[Event | None] = asyncio.Queue(WAITING)
        self._pages.add(page)
        coming = asyncio.ensure_future(page.get())
        try:
            yield _text("hello", {})
            while True:
                done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT_SECONDS)  # a timeout must lose no event
                if not done:
                    yield ": still here\n\n"
                    continue
                event = coming.result()
                if event is None:
                    return
                coming = asyncio.ensure_future(page.get())
                yield _text(*event)
        finally:
            coming.cancel()
            self._pages.discard(page)

    def router(self) -> APIRouter:
        """`GET /studio/events`."""
        router = APIRouter()

        @router.get("/studio/events")
        async def events() -> StreamingResponse:
            """Everything that happens, as server-sent events."""
            if len(self._pages) >= PAGES:
                raise overloaded("Too many open pages.")
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(self.stream(), media_type="text/event-stream", headers=headers)

        return router


def _all(watcher: Watcher) -> list[Event]:
    return list(watcher())


def _put(page: asyncio.Queue[Event | None], event: Event | None) -> None:
    if page.full():
        page.get_nowait()
    page.put_nowait(event)


def _text(kind: str, data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
