"""The books of a shelf: the chapters of each, and its names from the lexicon files beside the books."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..names import Lexicon, find_names, read_lexicon
from .book import Chapter


def by_book(chapters: Iterable[Chapter]) -> dict[str, list[Chapter]]:
    """The chapters of each book, the books in the order in which they come."""
    books: dict[str, list[Chapter]] = {}
    for chapter in chapters:
        books.setdefault(chapter.book, []).append(chapter)
    return books


def shelf_lexicons(folder: Path, chapters: Iterable[Chapter]) -> dict[str, Lexicon]:
    """The names of each book: from BOOK.lexicon.json in the folder of books, else found in its text.

    Raises:
        InputError: a lexicon file has another shape.
    """
    books = by_book(chapters)
    lexicons = {}
    for book in sorted(books):
        path = folder / f"{book}.lexicon.json"
        lexicons[book] = read_lexicon(path) if path.exists() else find_names(chapter.text for chapter in books[book])
    return lexicons
