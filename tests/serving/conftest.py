"""Checkpoints of the tests' shelf, and a server for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from jianghu.model import Checkpoint, load_checkpoint
from jianghu.workspace import Workspace

from ..browser import CHROMIUM, QUIET
from .running import Running


@pytest.fixture(scope="session")
def checkpoints(shelf: Path) -> dict[str, Checkpoint]:
    ws = Workspace(shelf)
    # The last of a run so short: the best has learned to say nothing yet.
    return {name: load_checkpoint(ws.checkpoint(f"{name}/last")) for name in ("chat", "base")}


@pytest.fixture(scope="session")
def server(checkpoints: dict[str, Checkpoint], shelf: Path) -> Iterator[Running]:
    with Running(checkpoints, Workspace(shelf)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver, driver.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        yield browser


@pytest.fixture(scope="module")
def root(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shelf, which votes may change."""
    folder = tmp_path_factory.mktemp("page") / "shelf"
    return shutil.copytree(shelf, folder, ignore=shutil.ignore_patterns("runs", "evals"))


@pytest.fixture(scope="module")
def site(checkpoints: dict[str, Checkpoint], root: Path) -> Iterator[Running]:
    with Running({**checkpoints, "chat/best": checkpoints["chat"]}, Workspace(root)) as running:
        yield running
