"""Books that a page sends: streamed to the disk under a name of our own, within limits, then put on the shelf by
`jianghu books add`, which reads each once before it is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import time
from pathlib import Path, PurePosixPath

from starlette.requests import ClientDisconnect, Request

from ..corpus.load import SUFFIXES
from ..corpus.titles import file_name
from ..errors import InputError
from ..messages import tr
from ..serving.errors import ApiError, overloaded
from .context import Studio
from .looking import command

AT_ONCE = 4
"""Books that are sent at once; a page sends one after another."""
SLOWEST = 32 * 1024
"""Bytes a second that a book must come at; who sends less holds a place that others want."""
SPARE_BYTES = 200 * 2**20
"""That stay free on the disk."""
OLD_SECONDS = 3600.0
"""Age from which on what a killed server left is swept away."""


class Uploads:
    """Takes books in."""

    def __init__(self, studio: Studio) -> None:
        self.ws, self.settings = studio.workspace, studio.settings
        self.limit = studio.settings.max_upload_mb * 2**20
        self.folder = self.ws.root / ".incoming"
        self._open = 0
        self._adding = asyncio.Lock()
        self._sweep()

    async def take(self, request: Request, name: str) -> dict[str, object]:
        """Take one book, and tell what it is called on the shelf.

        Raises:
            ApiError: it is too large, comes too slowly, or there is no room. InputError: it is no book.
        """
        safe = safe_name(name)
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.limit:
            raise self._too_large()
        if self._open >= AT_ONCE:
            raise overloaded(tr("Too many books at once. Try again in a moment."))
        self._open += 1
        own = self.folder / secrets.token_hex(8)
        try:
            own.mkdir(parents=True)
            path = own / safe
            await self._receive(request, path, int(length))
            return await self._add(path)
        finally:
            self._open -= 1
            await asyncio.to_thread(shutil.rmtree, own, True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()  # if it is empty

    async def _receive(self, request: Request, path: Path, length: int) -> None:
        if shutil.disk_usage(path.parent).free < length + SPARE_BYTES:
            raise ApiError(507, tr("the disk is full."), "no_room", headers={"Connection": "close"})
        size, chunks, began = 0, request.stream(), time.monotonic()
        try:
            with path.open("wb") as target:
                while True:
                    async with asyncio.timeout(self.settings.read_seconds):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    size += len(chunk)
                    if size > self.limit:
                        raise self._too_large()
                    target.write(chunk)
                    if time.monotonic() - began > self.settings.read_seconds + size / SLOWEST:
                        raise TimeoutError
        except (TimeoutError, ClientDisconnect):
            raise ApiError(
                408,
                tr("The book did not come whole. Send it again."),
                "request_timeout",
                headers={"Connection": "close"},
            ) from None
        if size == 0:
            raise InputError(tr("{name}: the file is empty.", name=path.name))

    async def _add(self, path: Path) -> dict[str, object]:
        async with self._adding:  # two of one title must see each other
            before = {each.name for each in self.ws.books.iterdir()}
            try:
                told = await command(self.ws.root, "books", "add", str(path))
            except InputError as error:
                raise InputError(str(error).replace(str(path), path.name)) from None
        assert isinstance(told, list)
        return {**told[0], "already": told[0]["file"] in before}

    def _too_large(self) -> ApiError:
        told = tr("The book is larger than {megabytes} MB.", megabytes=self.settings.max_upload_mb)
        return ApiError(413, told, "request_too_large", headers={"Connection": "close"})

    def _sweep(self) -> None:
        if self.folder.is_dir():
            for left in self.folder.iterdir():
                if time.time() - left.stat().st_mtime > OLD_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)


def safe_name(name: str) -> str:
    """A file's name without any folder, such as every system allows.

    Raises:
        InputError: it is of no kind that is read.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            tr("{name}: cannot be read. Give .txt, .md, .html, .epub, .docx, .pdf or .zip.", name=path.name[:100])
        )
    return file_name(path.stem, suffix)
