"""What `jianghu books check` shows: one row of facts a book."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .book import Book
from .headings import numbering_faults


def check_report(books: Iterable[Book]) -> list[dict[str, Any]]:
    """A row a book: name, format, encoding, damaged, characters_before, characters_after, chapters or pieces,
    first_title, last_title, numbering (a list of faults), removals (rule, count, characters, examples)."""
    return [_row(book) for book in books]


def _row(book: Book) -> dict[str, Any]:
    titles = [chapter.title for chapter in book.chapters]
    return {
        "name": book.name,
        "format": book.path.suffix.lower().lstrip("."),
        "encoding": book.encoding,
        "damaged": book.damaged,
        "remarks": list(book.remarks),
        "characters_before": book.characters_before,
        "characters_after": sum(len(chapter.full) for chapter in book.chapters),
        "pieces" if book.pieces else "chapters": len(book.chapters),
        "first_title": titles[0],
        "last_title": titles[-1],
        "numbering": numbering_faults(titles),
        "removals": [
            {"rule": r.rule, "count": r.count, "characters": r.characters, "examples": list(r.examples)}
            for r in book.removals
        ],
    }
