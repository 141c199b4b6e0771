"""The books for the page, as `engine/shelf.js` reads them: passages with their chapters, and the names in them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ...retrieval import OpenBook
from ...retrieval.terms import CHARACTER, NAME, NAMED_CHARACTER, PAIR, SILENT

WORD = r"[\p{L}\p{N}_]"
"""What Python calls a letter of a word, in JavaScript."""


def book_data(book: OpenBook) -> dict[str, Any]:
    """The passages of an index; the page makes the rest of the index again when it is first asked."""
    books: dict[str, dict[int, dict[str, Any]]] = {title: {} for title in book.books}
    for passage in book.passages():
        chapter = books[passage.book].setdefault(
            passage.chapter, {"chapter": passage.chapter, "title": passage.title, "passages": []}
        )
        names = Counter(mention.name for mention in passage.mentions)
        row = {"start": passage.start, "end": passage.end, "text": passage.text, "names": list(names.items())}
        chapter["passages"].append(row)
    return {
        "silent": javascript(SILENT.pattern),
        "weights": {"character": CHARACTER, "named": NAMED_CHARACTER, "pair": PAIR, "name": NAME},
        "books": [
            {"book": title, "forms": book.lexicons[title].owners, "chapters": list(chapters.values())}
            for title, chapters in books.items()
        ],
    }


def javascript(pattern: str) -> str:
    """A pattern of Python's for JavaScript with the flag u, whose `\\b` knows no Chinese; and without (?i:…)"""
    edge = rf"(?:(?<!{WORD})(?={WORD})|(?<={WORD})(?!{WORD}))"
    either = re.sub(
        r"\(\?i:(.*)\)$", lambda found: "(?:" + re.sub(r"(?<!\\)[a-z]", _both_cases, found[1]) + ")", pattern
    )
    return either.replace(r"\b", edge)


def _both_cases(letter: re.Match[str]) -> str:
    return f"[{letter[0]}{letter[0].upper()}]"
