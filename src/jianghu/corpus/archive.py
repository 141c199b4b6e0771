"""A zip file read within bounds: its pages by name, however that is spelled; never more than a book can be."""

from __future__ import annotations

import posixpath
import unicodedata
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote

from ..errors import InputError
from ..messages import tr

_MOST = 100_000_000
"""Bytes that all pages together may unpack to; the longest novels have some 60 million."""
_ALWAYS = 20_000_000
_RATIO = 8
"""An archive may unpack to `_ALWAYS` bytes, or to this many times its own size if that is more. Novels unpack to some
three times their size, so a small file that grows a thousandfold was made to fill the memory."""
_MOST_NODES = 500_000
"""Tags, attributes and references of a file that is read as a tree, which takes up to 250 bytes for each. The contents
of a book of 20,000 pages have 220,000."""
_MOST_PAGES = 20_000


class Archive:
    """An open zip. Names are compared without regard to case, Unicode form, escapes and the direction of slashes.

    Args:
        path: the file, also for messages.

    Raises:
        InputError: it is no zip, or has too many entries.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            if isinstance(error, (FileNotFoundError, PermissionError)):
                raise
            raise InputError(_unreadable(path, error)) from None
        self.names = [info.filename for info in self._zip.infolist() if not info.filename.endswith("/")]
        if len(self.names) > _MOST_PAGES:
            raise InputError(
                tr("{path}: {count:,} files in one archive are no book.", path=path, count=len(self.names))
            )
        self._known = set(self.names)
        self._by_key: dict[str, str] = {}
        for name in self.names:
            self._by_key.setdefault(_key(name), name)
        self.most = min(_MOST, max(_ALWAYS, _RATIO * path.stat().st_size))
        """Bytes that may be read in all."""
        self._left = self.most

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def find(self, name: str) -> str | None:
        """The archive's own spelling of a name; None if it holds no such file."""
        return name if name in self._known else self._by_key.get(_key(name))

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None if it is missing or damaged.

        Raises:
            InputError: the archive unpacks to more than any book has.
        """
        found = self.find(name)
        if found is None:
            return None
        try:
            with self._zip.open(found) as page:
                data = page.read(self._left + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
            return None
        self._left -= len(data)
        if self._left < 0:
            size = self.most // 1_000_000
            raise InputError(tr("{path}: unpacks to more than {size} MB, and is no book.", path=self.path, size=size))
        return data

    def read_for_tree(self, name: str, most: int = _MOST_NODES) -> bytes | None:
        """The bytes of an XML or HTML file of which a tree is to be made; None if it is missing or damaged.

        Raises:
            InputError: the tree would not fit into the memory that a book may take.
        """
        data = self.read(name)
        if data is not None and sum(map(data.count, (b"<", b"=", b"&"))) > most:
            raise InputError(tr("{path}: {name} in it has too many tags for a book.", path=self.path, name=name))
        return data


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFC", unquote(name).replace("\\", "/")).casefold()
    return posixpath.normpath(plain).lstrip("./")


def _unreadable(path: Path, error: Exception) -> str:
    return tr("{path}: not a readable EPUB ({error}). Get a whole copy, or convert it to .txt.", path=path, error=error)
