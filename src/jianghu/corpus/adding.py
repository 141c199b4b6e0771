"""A book's file on the shelf: copied there under the book's title, given another title, taken off."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import tr
from ..workspace import Workspace
from .load import shelf_files
from .titles import file_name

REMOVED = ".removed"
"""The folder in books/ that holds what was taken off the shelf."""


def copy_book(ws: Workspace, path: Path, title: str) -> Path:
    """Copy a file onto the shelf under its book's title; returns where it lies.

    Raises:
        InputError: another book has its name.
    """
    target = ws.books / file_name(title, path.suffix.lower())
    same = [
        other
        for other in ws.books.glob("*")
        if other.is_file() and other.stem == target.stem and other.suffix != ".json"
    ]
    for other in same:
        if other != target or files.sha256_file(other) != files.sha256_file(path):
            raise InputError(
                tr(
                    "{target} is already there with other contents. Give {path} another title (--title TITLE), or take "
                    "the other one off the shelf first.",
                    target=ws.shown(other),
                    path=path,
                )
            )
    with files.atomic_path(target) as temporary:
        shutil.copyfile(path, temporary)
    return target


def find_book(ws: Workspace, name: str) -> Path:
    """The file of a book by its name or its file's name.

    Raises:
        InputError: there is no such book; the message lists those there are.
    """
    paths = shelf_files(ws.books)
    found = [path for path in paths if name in (path.stem, path.name)]
    if not found:
        there = ", ".join(path.stem for path in paths[:20])
        raise InputError(tr("{name}: no such book on the shelf. There are: {there}.", name=name, there=there))
    return found[0]


def rename_book(ws: Workspace, name: str, title: str) -> tuple[str, str]:
    """Give a book another title, with all that lies beside it; returns its old and its new name.

    Raises:
        InputError: there is no such book, or another one has that title.
    """
    path = find_book(ws, name)
    stem = Path(file_name(title, ".txt")).stem
    if any(other.stem == stem for other in shelf_files(ws.books) if other != path):
        raise InputError(tr("{title}: there is a book of this name already.", title=stem))
    for own in _own_files(ws, path.stem):
        os.replace(own, own.with_name(stem + own.name[len(path.stem) :]))
    return path.stem, stem


def remove_books(ws: Workspace, *names: str) -> list[str]:
    """Take books off the shelf, into books/.removed, where nothing is written over; returns their names.

    Raises:
        InputError: there is no such book; then none is taken.
    """
    paths = [find_book(ws, name) for name in names]
    kept = ws.books / REMOVED
    kept.mkdir(exist_ok=True)
    for path in paths:
        set_aside(ws, *_own_files(ws, path.stem))
    return [path.stem for path in paths]


def set_aside(ws: Workspace, *paths: Path) -> None:
    """Move files that lie in books/ into books/.removed, all under one number if such were taken off before."""
    kept = ws.books / REMOVED
    kept.mkdir(exist_ok=True)
    number = 1
    while any(_numbered(kept, path, number).exists() for path in paths):
        number += 1
    for path in paths:
        os.replace(path, _numbered(kept, path, number))


def _numbered(folder: Path, path: Path, number: int) -> Path:
    stem, dot, rest = path.name.partition(".")
    return folder / (path.name if number == 1 else f"{stem} ({number}){dot}{rest}")


def _own_files(ws: Workspace, stem: str) -> list[Path]:
    """A book's file and what lies beside it: BOOK.lexicon.json, BOOK.book.json …"""
    return sorted(path for path in ws.books.iterdir() if path.is_file() and path.name.startswith(f"{stem}."))
