"""A real server on loopback in a thread of this process."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Any

import httpx

from jianghu.model import Checkpoint
from jianghu.recipe import load_recipe
from jianghu.serving import listen, make_app, make_server
from jianghu.workspace import Workspace


class Running:
    """Use it as a context manager; `url` is where it listens."""

    def __init__(
        self,
        checkpoints: dict[str, Checkpoint],
        workspace: Workspace | None = None,
        key: str = "",
        **settings: Any,
    ) -> None:
        recipe = load_recipe(overrides={"serve": {"port": 0, **settings}})
        self.sock = listen(recipe.serve)
        self.port: int = self.sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = make_server(make_app(checkpoints, recipe, workspace, key), recipe.serve)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self.sock])), daemon=True)

    def __enter__(self) -> Running:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive(), "the server did not stop"

    def texts(self, model: str) -> tuple[int, int]:
        """Texts that are running and waiting in the engine of a checkpoint."""
        facts = httpx.get(self.url + "/health").json()["models"][model]
        return facts["running"], facts["waiting"]

    def until_idle(self, model: str, seconds: float = 10.0) -> None:
        """Wait until the engine has nothing to do; fail after some seconds."""
        end = time.monotonic() + seconds
        while self.texts(model) != (0, 0):
            assert time.monotonic() < end, f"still busy: {self.texts(model)}"
            time.sleep(0.02)
