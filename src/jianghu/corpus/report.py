"""What `jianghu books check` shows: one row of facts a book, and the books that hold the same text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..messages import tr
from .book import Book
from .copies import find_copies
from .headings import numbering_faults
from .ledger import Removal
from .suggest import structure_remark
from .titles import is_same_name


def check_report(books: Iterable[Book], cuts: bool = False) -> list[dict[str, Any]]:
    """A row a book: name, title, format, encoding, damaged, remarks, characters_before, characters_after, chapters or
    pieces, first_title, last_title, numbering (a list of faults), structure (a line, if something is wrong with it),
    candidates (lines that could be headings), copies (other books with the same text), removals (rule, count,
    characters, examples; with `cuts` also each place: text, left, right)."""
    shelf = list(books)
    rows = [_row(book, cuts) for book in shelf]
    compared = shelf if len(shelf) > 1 else []
    for copy in find_copies({book.name: "\n".join(chapter.text for chapter in book.chapters) for book in compared}):
        row = next(row for row in rows if row["name"] == copy.book)
        row["copies"].append({"book": copy.other, "share": round(copy.share, 3)})
    return rows


def _row(book: Book, cuts: bool) -> dict[str, Any]:
    titles = [chapter.title for chapter in book.chapters]
    structure, candidates = structure_remark(book.chapters, book.pieces)
    remarks = list(book.remarks)
    if book.title and not is_same_name(book.path, book.title):
        remarks.append(
            tr("it calls itself 《{title}》: {jianghu} books rename {name} {title}", title=book.title, name=book.name)
        )
    return {
        "name": book.name,
        "title": book.title,
        "format": book.path.suffix.lower().lstrip("."),
        "encoding": book.encoding,
        "damaged": book.damaged,
        "remarks": remarks,
        "characters_before": book.characters_before,
        "characters_after": sum(len(chapter.full) for chapter in book.chapters),
        "pieces" if book.pieces else "chapters": len(book.chapters),
        "first_title": titles[0],
        "last_title": titles[-1],
        "numbering": numbering_faults(titles),
        "structure": structure,
        "candidates": candidates,
        "copies": [],
        "removals": [_removal(removal, cuts) for removal in book.removals],
    }


def _removal(removal: Removal, cuts: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "rule": removal.rule,
        "count": removal.count,
        "characters": removal.characters,
        "examples": list(removal.examples),
    }
    if cuts:
        row["cuts"] = [{"text": cut.text, "left": cut.left, "right": cut.right} for cut in removal.cuts]
    return row
