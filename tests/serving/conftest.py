"""Checkpoints of the tests' shelf, and a server for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jianghu.model import Checkpoint, load_checkpoint
from jianghu.workspace import Workspace

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
