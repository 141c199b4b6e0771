"""A book file → its copy in the workspace, under the book's title."""

from __future__ import annotations

import shutil
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import tr
from ..workspace import Workspace
from .titles import file_name


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
                    "{target} is already there with other contents. Give {path} another name: --title TITLE.",
                    target=ws.shown(other),
                    path=path,
                )
            )
    with files.atomic_path(target) as temporary:
        shutil.copyfile(path, temporary)
    return target
