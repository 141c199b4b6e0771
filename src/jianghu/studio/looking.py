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
KEPT = 200
"""Looks that are kept, of books as they are or were."""


class Looks:
    """What is seen of the books of a workspace."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.ws = studio, studio.workspace
        self.folder = self.ws.data / "looks"
        self._work: asyncio.Task[None] | None = None

    def get(self, path: Path) -> Look | None:
        """What was seen of a book's file as it is now; None where nobody looked yet."""
        out = self._out(path)
        if not out.exists():
            return None
        try:
            look: Look = files.read_json(out)
        except InputError:
            out.unlink(missing_ok=True)
            return None
        return look

    def copies(self, paths: list[Path]) -> list[Copy]:
        """Pairs of books that hold the same text, as far as they have been looked at."""
        samples = {}
        for path in paths:
            with contextlib.suppress(OSError, ValueError):
                samples[path.stem] = np.load(sample_path(self._out(path)), allow_pickle=False)
        return copies_among(samples)

    def begin(self, paths: list[Path]) -> None:
        """Look at the books that nobody has looked at yet; pages are told of each by an event `shelf`."""
        waiting = [path for path in paths if not self._out(path).exists()]
        if waiting and (self._work is None or self._work.done()):
            self._work = asyncio.get_running_loop().create_task(self._look_at(waiting))

    async def end(self) -> None:
        """Stop looking."""
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    async def _look_at(self, paths: list[Path]) -> None:
        for path in paths:
            out = self._out(path)
            try:
                await module("jianghu.corpus.look", str(self.ws.root), str(path), str(out))
            except InputError as error:
                files.write_json(out, Look(error=str(error)))
            self.studio.events.publish("shelf", {"book": path.stem})
        self._sweep()

    def _out(self, path: Path) -> Path:
        """Where the look of a file lies: its name is what the look depends on."""
        about: list[object] = [FORM, path.name, self.ws.recipe().books.model_dump(mode="json")]
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
