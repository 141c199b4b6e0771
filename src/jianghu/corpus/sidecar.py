"""What is known of one book beside its file: BOOK.book.json, written by `books add --heading`."""

from __future__ import annotations

import re
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import tr


def sidecar(path: Path) -> Path:
    """The file beside a book file that holds what is known of the book."""
    return path.with_name(f"{path.stem}.book.json")


def heading_of(path: Path) -> str:
    """The regular expression for the headings of a book; "" if none was given.

    Raises:
        InputError: the file beside the book has another shape.
    """
    about = sidecar(path)
    if not about.exists():
        return ""
    values = files.read_json(about)
    if not isinstance(values, dict) or not isinstance(values.get("heading", ""), str):
        raise InputError(tr('{path}: must be {{"heading": "a regular expression"}}.', path=about))
    return check_heading(values.get("heading", ""), str(about))


def write_heading(path: Path, heading: str) -> None:
    """Keep the regular expression for a book's headings beside its file."""
    files.write_json(sidecar(path), {"heading": heading})


def check_heading(heading: str, where: str) -> str:
    """The expression itself.

    Raises:
        InputError: it is no regular expression.
    """
    try:
        re.compile(heading)
    except re.error as error:
        raise InputError(
            tr(
                "{where}: heading {heading!r} is no regular expression ({error}).",
                where=where,
                heading=heading,
                error=error,
            )
        ) from None
    return heading
