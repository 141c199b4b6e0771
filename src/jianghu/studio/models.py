"""Checkpoints of a workspace by name: read when they are first asked for, let go when nobody has asked for a while."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ..errors import InputError
from ..machine import pick_device
from ..model import Checkpoint, load_checkpoint, read_about
from ..serving.page_api import ServedCheckpoint, served_checkpoint
from ..workspace import BASE, CHAT, Workspace


@dataclass
class _Held:
    checkpoint: Checkpoint
    stamp: int
    used: float


class CheckpointsOnDemand(Mapping[str, Checkpoint]):
    """A mapping of all checkpoints that there are now; its values are read from their folders.

    A checkpoint that training has written anew is read anew. May be used from several threads.
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws, self._held, self._lock = ws, dict[str, _Held](), Lock()

    def __iter__(self) -> Iterator[str]:
        return iter(self._ws.checkpoints())

    def __len__(self) -> int:
        return len(self._ws.checkpoints())

    def __contains__(self, name: object) -> bool:
        return name in self._ws.checkpoints()

    def __getitem__(self, name: str) -> Checkpoint:
        """Raises:
        KeyError: there is none of this name. InputError: it cannot be read.
        """
        if name not in self:
            raise KeyError(name)
        with self._lock:  # of two who ask, one waits for what the other reads
            folder = self._ws.checkpoint(name)
            stamp = _stamp(folder)
            held = self._held.get(name)
            if held is None or held.stamp != stamp:
                held = self._held[name] = _Held(load_checkpoint(folder, str(pick_device("auto"))), stamp, 0.0)
            held.used = time.monotonic()
            return held.checkpoint

    def let_go(self, before: float) -> set[str]:
        """Forget the checkpoints that were last asked for before this time of the monotonic clock.

        Returns:
            The names of those that are still held.
        """
        with self._lock:
            self._held = {name: held for name, held in self._held.items() if held.used >= before}
            return set(self._held)

    def describe(self) -> list[ServedCheckpoint]:
        """What there is, for the page: of each run the checkpoint that its name stands for first."""
        first = meant(self._ws)
        names = sorted(self, key=lambda name: first.index(name) if name in first else len(first))
        return [served_checkpoint(name, read_about(self._ws.checkpoint(name))) for name in names]


def meant(ws: Workspace) -> list[str]:
    """The checkpoints that the names of the usual runs stand for, the fine-tuned one first."""
    found = []
    for run in (CHAT, BASE):
        with contextlib.suppress(InputError):
            found.append(f"{run}/{ws.checkpoint(run).name}")
    return found


def _stamp(folder: Path) -> int:
    path = folder / "model.safetensors"
    return path.stat().st_mtime_ns if path.exists() else 0
