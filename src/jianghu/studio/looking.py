"""Books are read by processes of their own, one after another; what was seen is kept in `data/looks` until the file,
or the way in which books are read, changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

import numpy as np

from .. import files
from ..corpus.copies import Copy, copies_among
from ..corpus.look import FORM, Look, sample_path
from ..corpus.sidecar import sidecar
from ..errors import InputError
from ..messages import language, tr
from .context import Studio

SECONDS = 900.0
"""Time that one book may take."""
REMEMBERED = 64
"""Looks that stay in memory."""
KEPT = 200
"""Looks that are kept, of books as they are or were."""


class Looks:
    """What is seen of the books of a workspace."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.ws = studio, studio.workspace
        self.folder = self.ws.data / "looks"
        self._work: asyncio.Task[None] | None = None
        self._waiting: dict[Path, None] = {}
        self._known: dict[Path, Look] = {}
        self._settings: tuple[int, dict[str, object]] = (0, {})
        self._copies: tuple[list[Path], list[Copy]] = ([], [])

    def get(self, path: Path) -> Look | None:
        """What was seen of a book's file as it is now; None where nobody looked yet."""
        out = self._out(path)
        if not out.exists():
            return None
        if out not in self._known:
            try:
                look: Look = files.read_json(out)
            except InputError:
                out.unlink(missing_ok=True)
                return None
            while len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)), None)
            self._known[out] = look
        return self._known.get(out)

    def copies(self, paths: list[Path]) -> list[Copy]:
        """Pairs of books that hold the same text, as far as they have been looked at."""
        lying = {path.stem: sample_path(self._out(path)) for path in paths}
        there = {name: path for name, path in lying.items() if path.exists()}
        if list(there.values()) != self._copies[0]:
            samples = {}
            for name, path in there.items():
                with contextlib.suppress(OSError, ValueError):
                    samples[name] = np.load(path, allow_pickle=False)
            self._copies = (list(there.values()), copies_among(samples))
        return self._copies[1]

    def begin(self, paths: list[Path]) -> None:
        """Look at the books that nobody has looked at yet; pages are told of each by an event `shelf`."""
        self._waiting.update(dict.fromkeys(path for path in paths if not self._out(path).exists()))
        if self._waiting and (self._work is None or self._work.done()):
            self._work = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while self._waiting:
            path = next(iter(self._waiting))
            out = self._out(path)
            try:
                if not out.exists() and path.exists():
                    await module("jianghu.corpus.look", str(self.ws.root), str(path), str(out))
            except InputError as error:
                files.write_json(out, Look(error=str(error)))
            self._waiting.pop(path, None)
            self.studio.events.publish("shelf", {"book": path.stem})
        self._sweep()

    def _out(self, path: Path) -> Path:
        """Where the look of a file lies: its name is what the look depends on."""
        written = self.ws.recipe_path.stat().st_mtime_ns
        if self._settings[0] != written:
            self._settings = (written, self.ws.recipe().books.model_dump(mode="json"))
        about: list[object] = [FORM, path.name, self._settings[1]]
        for own in (path, sidecar(path)):
            with contextlib.suppress(OSError):
                stat = own.stat()
                about += [stat.st_size, stat.st_mtime_ns]
        return self.folder / f"{files.sha256_json(about)[:32]}.json"

    def _sweep(self) -> None:
        looks = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in looks[KEPT:]:
            old.unlink(missing_ok=True)
            sample_path(old).unlink(missing_ok=True)


async def module(name: str, *arguments: str) -> str:
    """Run a module of this program, and give what it printed. It ends with this task.

    Raises:
        InputError: it failed; the message is its last line.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        name,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"JIANGHU_LANG": language(), "PYTHONWARNINGS": "ignore"},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        raise InputError(tr("this took longer than {seconds:g} seconds.", seconds=SECONDS)) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        told = lines[-1].removeprefix("jianghu: ") if lines else ""
        raise InputError(told or tr("the process ended with {code}: too little memory?", code=process.returncode))
    return out.decode("utf-8", "replace")


async def command(root: Path, *words: str) -> object:
    """What a command of this program gives as JSON.

    Raises:
        InputError: it failed, with what it said.
    """
    return json.loads(await module("jianghu", "-C", str(root), *words, "--json"))
