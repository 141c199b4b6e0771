"""The open book of a server: beside the chapters or, where nothing may be written, in a folder of its own."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from .. import files
from ..corpus import read_chapters, shelf_lexicons
from ..retrieval import OpenBook, build, open_book
from ..workspace import Workspace


class Index:
    """Opens the index of a workspace; one thread at a time."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # goes with this object
        self._hash = ""

    def open(self, workspace: Workspace) -> OpenBook:
        """The index, made anew where the chapters have changed.

        Raises:
            InputError: nothing is prepared. RunError: another process takes too long to make it.
        """
        try:
            return open_book(workspace)
        except OSError as error:
            if not is_refused(error):
                raise
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="jianghu-")
        path, now = Path(self._folder.name) / "openbook.sqlite", files.sha256_tree(workspace.chapters)
        if now != self._hash:
            with files.atomic_path(path) as temporary:
                chapters = read_chapters(workspace.chapters)
                build(temporary, chapters, shelf_lexicons(workspace.books, chapters))
            self._hash = now
        return OpenBook(path)


def is_refused(error: OSError) -> bool:
    """Whether the system does not let this be written at all, as on a read-only disk."""
    return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
