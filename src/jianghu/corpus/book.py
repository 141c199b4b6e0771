"""What a book becomes: chapters and passages, beside the list of what cleaning took away.

These are plain values; the other modules of this room make them. `chapters.jsonl` is read and written here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import tr
from .ledger import Removal


@dataclass(frozen=True)
class Chapter:
    """One chapter. `text` has no heading line, no blank lines, no indentation; paragraphs end at "\\n"."""

    book: str
    chapter: int
    """Position in the book, from 1; not the number in the title."""
    title: str
    text: str

    @property
    def full(self) -> str:
        """Title line and text, each ended by a line end: what a model reads."""
        return (self.title + "\n" if self.title else "") + self.text + "\n"


@dataclass(frozen=True)
class Passage:
    """A part of a chapter, such that `chapter.text[start:end] == text`."""

    book: str
    chapter: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Book:
    """A loaded book file."""

    name: str
    path: Path
    encoding: str
    damaged: int
    """Characters that could not be decoded; they are dropped."""
    characters_before: int
    chapters: list[Chapter]
    removals: list[Removal]
    pieces: bool
    """No headings were found, and the text is cut into even pieces."""
    remarks: tuple[str, ...] = ()
    """What a reader should know of the file: repaired, incomplete, without structure."""
    title: str = ""
    """What the book calls itself: in its metadata, or in 《》 in its first lines."""


def write_chapters(path: Path, chapters: Iterable[Chapter]) -> None:
    """Write chapters as one JSON object a line, atomically."""
    files.write_jsonl(path, (asdict(chapter) for chapter in chapters))


def read_chapters(path: Path) -> list[Chapter]:
    """Read what `write_chapters` wrote.

    Raises:
        InputError: the file is missing, or a line is not a chapter; the message names file and line.
    """
    if not path.exists():
        raise InputError(tr("{path}: not there yet. `{jianghu} prepare` makes it.", path=path))
    kinds = {"book": str, "chapter": int, "title": str, "text": str}
    chapters = []
    for number, row in enumerate(files.read_jsonl(path), 1):
        if set(row) != set(kinds) or any(type(row[key]) is not kind for key, kind in kinds.items()):
            raise InputError(
                tr(
                    "{path}, chapter {number}: needs book, chapter, title, text. `{jianghu} prepare` makes it.",
                    path=path,
                    number=number,
                )
            )
        chapters.append(Chapter(**row))
    return chapters
