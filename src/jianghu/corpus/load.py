"""A book file, or a folder of them → `Book`. The user's files are only read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..messages import tr
from ..recipe import BooksSettings
from .book import Book
from .chapters import even_pieces, make_chapters
from .clean import clean_lines, normalise, plain_spaces, without_adverts, without_repeated
from .epub import read_epub
from .finding import mark_headings
from .formats import MAX_LINES, Source, read_html, read_md, read_txt
from .ledger import Ledger
from .numbers import natural
from .office import read_docx, read_pdf, read_zip
from .sidecar import heading_of
from .sniff import kind_of
from .suggest import out_of_proportion
from .titles import title_in
from .wraps import mend_wraps

_READERS: dict[str, Callable[[Path], Source]] = {
    ".txt": read_txt,
    ".md": read_md,
    ".markdown": read_md,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".epub": read_epub,
    ".docx": read_docx,
    ".pdf": read_pdf,
    ".zip": read_zip,
}
SUFFIXES = frozenset(_READERS)
"""Endings of the names of book files."""
_MOST_BYTES = 500_000_000
"""A file above this size is no novel (the longest have some 60 MB)."""
_LEAST = 200
"""Characters of clean text below which a file is no book."""


def load_book(path: Path, settings: BooksSettings, heading: str = "") -> Book:
    """Read, clean and divide one book file.

    Args:
        path: the file.
        settings: how books are read.
        heading: a regular expression for this book's headings, instead of that of the settings.

    Raises:
        InputError: the file is missing, empty, binary, in no known encoding or format, or holds hardly any text.
    """
    try:
        _refuse_special(path)
        reader = _READERS.get(kind_of(path))
        if reader is None:
            raise InputError(
                tr(
                    "{path}: cannot read {suffix}. Give .txt, .md, .html, .epub, .docx, .pdf or .zip.",
                    path=path,
                    suffix=path.suffix or tr("files without a suffix"),
                )
            )
        return _divided(path, reader(path), settings, heading or settings.heading)
    except FileNotFoundError:
        raise InputError(tr("{path}: no such file.", path=path)) from None
    except PermissionError:
        raise InputError(tr("{path}: may not be read. Change its permissions.", path=path)) from None


def _divided(path: Path, source: Source, settings: BooksSettings, heading: str) -> Book:
    name, ledger, title = book_name(path), Ledger(), title_in(source.text, source.title)
    text, before = source.text, len(source.text)
    source = replace(source, text="")  # each step lets go of what the step before it made
    text = normalise(text, settings.clean, settings.max_repeat, ledger)
    if text.count("\n") > MAX_LINES:
        raise InputError(tr("{path}: more than {most:,} lines are no novel.", path=path, most=MAX_LINES))
    if settings.simplify:
        text = _simplified(text)
    lines, wrapped = text.split("\n"), False
    del text
    if settings.clean:
        lines, wrapped = clean_lines(lines, settings.notes, ledger)
    lines = mark_headings(lines, name, heading, ledger)
    if settings.clean:
        lines = mend_wraps(lines, ledger)
        lines = without_adverts(lines, ledger) if wrapped else lines
    lines = [bare for line in lines if (bare := plain_spaces(line))]
    if settings.clean:
        lines = without_repeated(lines, name, ledger)
    chapters = make_chapters(lines, name, settings.clean, ledger)
    # One 附录 or 序幕 that stands for the whole book is no structure.
    pieces = not chapters or (not heading and len(chapters) <= 2 and out_of_proportion(chapters) is not None)
    if pieces:
        chapters = even_pieces(lines, name, settings.chapter_chars)
    size = sum(len(chapter.text) for chapter in chapters)
    if size < _LEAST:
        raise InputError(
            tr(
                "{path}: only {size} characters of text; a book needs at least {least}.",
                path=path,
                size=size,
                least=_LEAST,
            )
        )
    return Book(
        name=name,
        path=path,
        encoding=source.encoding,
        damaged=source.damaged,
        characters_before=before,
        chapters=chapters,
        removals=ledger.removals(),
        pieces=pieces,
        remarks=source.remarks,
        title=title,
    )


def book_name(path: Path) -> str:
    """The name of a book by its file's. A name that is no UTF-8 is read as GB18030, as older systems wrote it."""
    raw = os.fsencode(path.stem)
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="replace")


def _refuse_special(path: Path) -> None:
    """Only regular files are read: a pipe never ends, and neither does a link to a device."""
    about = path.stat()
    if stat.S_ISDIR(about.st_mode):
        raise InputError(tr("{path}: a folder, not a book file.", path=path))
    if not stat.S_ISREG(about.st_mode):
        raise InputError(
            tr("{path}: not a regular file (a pipe, a socket or a device). Copy the book into a file first.", path=path)
        )
    if about.st_size > _MOST_BYTES:
        raise InputError(
            tr(
                "{path}: {size:,} bytes are too many for one book. Split it into several files.",
                path=path,
                size=about.st_size,
            )
        )


def shelf_files(folder: Path) -> list[Path]:
    """The book files of a folder, in natural order of names (book 2 before book 10).

    Raises:
        InputError: there is none, two have one name, or a name is no UTF-8.
    """
    if not folder.is_dir():
        raise InputError(tr("{folder}: no such folder of books.", folder=folder))
    paths = [
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    ]
    paths.sort(key=lambda path: natural(path.name))
    if not paths:
        raise InputError(
            tr(
                "{folder}: no books. Add one with `{jianghu} books add NOVEL.txt` (.txt, .md, .html, .epub, …).",
                folder=folder,
            )
        )
    names: dict[str, Path] = {}
    for path in paths:
        if not path.name.isprintable() and path.name != path.name.encode("utf-8", "ignore").decode():
            raise InputError(
                tr(
                    "{folder}: the name of {name} is no UTF-8. Rename the file, or add it with `{jianghu} books add`.",
                    folder=folder,
                    name=book_name(path),
                )
            )
        if (other := names.setdefault(path.stem, path)) is not path:
            raise InputError(
                tr(
                    "{folder}: {one} and {other} are both the book {book}. Rename one.",
                    folder=folder,
                    one=other.name,
                    other=path.name,
                    book=path.stem,
                )
            )
    return paths


def load_shelf(folder: Path, settings: BooksSettings) -> list[Book]:
    """Load every book file of a folder, in natural order.

    Raises:
        InputError: see `shelf_files` and `load_book`.
    """
    return [load_book(path, settings, heading_of(path)) for path in shelf_files(folder)]


def _simplified(text: str) -> str:
    from opencc import OpenCC

    return str(OpenCC("t2s").convert(text))
