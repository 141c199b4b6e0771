"""The names of every book on a shelf. Chapters and the lexicon files beside the books go in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..names import Lexicon, find_names, read_lexicon
from .book import Chapter


def shelf_lexicons(folder: Path, chapters: Iterable[Chapter]) -> dict[str, Lexicon]:
    """The names of each book: from BOOK.lexicon.json in the folder of books, else found in its text.

    Raises:
        InputError: a lexicon file has another shape.
    """
    books: dict[str, list[Chapter]] = {}
    for chapter in chapters:
        books.setdefault(chapter.book, []).append(chapter)
    lexicons = {}
    for book in sorted(books):
        path = folder / f"{book}.lexicon.json"
        lexicons[book] = read_lexicon(path) if path.exists() else find_names(chapter.text for chapter in books[book])
    return lexicons
