"""A studio on loopback, in a thread of this process."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from jianghu.recipe import load_recipe, to_toml
from jianghu.serving import listen, make_server
from jianghu.studio import make_studio
from jianghu.workspace import RECIPE, Workspace


def new_workspace(folder: Path, preset: str = "demo") -> Workspace:
    """An empty workspace."""
    (folder / "books").mkdir(parents=True)
    (folder / RECIPE).write_text(to_toml(load_recipe(preset=preset)), encoding="utf-8")
    return Workspace(folder)


class Site:
    """Use it as a context manager; `url` is where it listens, `client` knows its token."""

    def __init__(self, workspace: Workspace, key: str = "", **settings: Any) -> None:
        serve = load_recipe(overrides={"serve": {"port": 0, **settings}}).serve
        self.sock = listen(serve)
        self.url = f"http://127.0.0.1:{self.sock.getsockname()[1]}"
        self.app = make_studio(workspace, serve, key)
        self.server = make_server(self.app, serve)
        headers = {"X-Studio-Token": self.app.state.token, "Accept-Language": "en"}
        self.client = httpx.Client(base_url=self.url + "/studio", headers=headers, timeout=200)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self.sock])), daemon=True)

    def __enter__(self) -> Site:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive(), "the server did not stop"

    def get(self, path: str) -> Any:
        return self._told(self.client.get(path))

    def post(self, path: str, body: object = None) -> Any:
        return self._told(self.client.post(path, json=body))

    def _told(self, reply: httpx.Response) -> Any:
        assert reply.status_code == 200, reply.text
        return reply.json()

    def events(self) -> Generator[tuple[str, Any], None, None]:
        """The events as they come; the first is hello."""
        with self.client.stream("GET", "/events") as reply:
            kind = ""
            for line in reply.iter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    yield kind, json.loads(line[6:])


def until(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something holds, and return it; fail after some seconds."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found
