"""The room Talk: OpenAI's routes and the chat page's, over all checkpoints of the workspace.

A checkpoint is read when it is first asked for, which takes a moment, and let go when nobody has asked for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter

from ..serving.open_book import BookService
from ..serving.page_api import page_router
from ..serving.routes import openai_router
from ..serving.service import Service
from .context import Studio
from .models import CheckpointsOnDemand

IDLE_SECONDS = 600.0
"""Time after which a checkpoint that nobody asks is let go."""
LOOK_SECONDS = 15.0


class Talk:
    """The room's routes; `running` must be entered before they answer.

    Args:
        idle_seconds: after which a checkpoint is let go.
    """

    def __init__(self, studio: Studio, idle_seconds: float = IDLE_SECONDS) -> None:
        self.checkpoints = CheckpointsOnDemand(studio.workspace)
        recipe = studio.workspace.recipe({"serve": studio.settings.model_dump()})
        self.service = Service(self.checkpoints, recipe)
        self.idle_seconds = idle_seconds
        books = BookService(studio.workspace)
        self.routers: list[APIRouter] = [
            openai_router(self.service, books),
            page_router(self.checkpoints, self.checkpoints.describe, recipe, studio.workspace, books),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The thread that writes, and who lets go of what is idle."""
        async with self.service.worker:
            watching = asyncio.create_task(self._let_go())
            try:
                yield
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching

    def stop(self) -> int:
        """End what is being written; how many texts that were."""
        return self.service.worker.stop()

    async def _let_go(self) -> None:
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, self.idle_seconds))
            asked = await asyncio.to_thread(self.checkpoints.let_go, time.monotonic() - self.idle_seconds)
            for name in self.service.worker.held - asked:
                self.service.worker.release(name)
