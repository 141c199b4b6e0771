"""A book file, or a folder of them → `Book`. The user's files are only read."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from ..recipe import BooksSettings
from .book import Book
from .chapters import even_pieces, make_chapters
from .clean import clean_lines, normalise, plain_spaces
from .epub import read_epub
from .formats import Source, read_html, read_md, read_txt
from .ledger import Ledger

_READERS: dict[str, Callable[[Path], Source]] = {
    ".txt": read_txt,
    ".md": read_md,
    ".markdown": read_md,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".epub": read_epub,
}
_MOST_BYTES = 500_000_000
"""A file above this size is no novel (the longest have some 60 MB)."""
_LEAST = 200
"""Characters of clean text below which a file is no book."""


def load_book(path: Path, settings: BooksSettings) -> Book:
    """Read, clean and divide one book file.

    Raises:
        InputError: the file is missing, empty, binary, in no known encoding or format, or holds hardly any text.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path}: cannot read {path.suffix or 'files without a suffix'}. Give .txt, .md, .html or .epub."
        )
    try:
        _refuse_special(path)
        source = reader(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except PermissionError:
        raise InputError(f"{path}: may not be read. Change its permissions.") from None
    ledger = Ledger()
    text = normalise(source.text, settings.clean, settings.max_repeat, ledger)
    if settings.simplify:
        text = _simplified(text)
    if settings.clean:
        lines = clean_lines(text, path.stem, settings.notes, ledger)
    else:
        lines = [bare for line in text.split("\n") if (bare := plain_spaces(line))]
    chapters = make_chapters(lines, path.stem, settings.clean, ledger)
    pieces = not chapters
    if pieces:
        chapters = even_pieces(lines, path.stem, settings.chapter_chars)
    size = sum(len(chapter.text) for chapter in chapters)
    if size < _LEAST:
        raise InputError(f"{path}: only {size} characters of text; a book needs at least {_LEAST}.")
    return Book(path.stem, path, source.encoding, source.damaged, len(source.text), chapters, ledger.removals(), pieces)


def _refuse_special(path: Path) -> None:
    """Only regular files are read: a pipe never ends, and neither does a link to a device."""
    about = path.stat()
    if stat.S_ISDIR(about.st_mode):
        raise InputError(f"{path}: a folder, not a book file.")
    if not stat.S_ISREG(about.st_mode):
        raise InputError(f"{path}: not a regular file (a pipe, a socket or a device). Copy the book into a file first.")
    if about.st_size > _MOST_BYTES:
        raise InputError(f"{path}: {about.st_size:,} bytes are too many for one book. Split it into several files.")


def load_shelf(folder: Path, settings: BooksSettings) -> list[Book]:
    """Load every book file of a folder, in natural order of names (book 2 before book 10).

    Raises:
        InputError: there is none, two have one name, or one cannot be used.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of books.")
    paths = [
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in _READERS and not path.name.startswith(".")
    ]
    paths.sort(key=lambda path: _natural(path.name))
    if not paths:
        raise InputError(f"{folder}: no books. Add one with `jianghu books add NOVEL.txt` (.txt, .md, .html, .epub).")
    names: dict[str, Path] = {}
    for path in paths:
        if (other := names.setdefault(path.stem, path)) is not path:
            raise InputError(f"{folder}: {other.name} and {path.name} are both the book {path.stem}. Rename one.")
    return [load_book(path, settings) for path in paths]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _simplified(text: str) -> str:
    from opencc import OpenCC

    return str(OpenCC("t2s").convert(text))
