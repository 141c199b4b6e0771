"""The books for the page, as `engine/shelf.js` and `engine/reader.js` read them: passages, the names in them, and the
network that finds answers in them."""

from __future__ import annotations

import base64
import re
from dataclasses import asdict
from typing import Any

from safetensors.torch import save

from ...reader import Reader
from ...reader.asking import PATTERNS, SORTS
from ...reader.candidates import (
    CLAUSES,
    DIGITS,
    FUNCTION,
    INNER_QUOTES,
    LEADS,
    NUMBERS,
    QUOTES,
    SENTENCES,
    SPEAKS,
)
from ...reader.feature_groups import LABEL
from ...reader.fixed import AFTER, BEFORE
from ...retrieval import OpenBook
from ...retrieval.terms import ASKING, CHARACTER, NAME, NAMED_CHARACTER, PAIR, SILENT

WORD = r"[\p{L}\p{N}_]"
"""What Python calls a letter of a word, in JavaScript."""


def book_data(book: OpenBook, reader: Reader | None = None) -> dict[str, Any]:
    """The passages of an index, and a reader's weights and rules; the page makes the rest of the index again."""
    numbers = {title: {one.name: n for n, one in enumerate(lexicon.names)} for title, lexicon in book.lexicons.items()}
    books: dict[str, dict[int, dict[str, Any]]] = {title: {} for title in book.books}
    for passage in book.passages():
        chapter = books[passage.book].setdefault(
            passage.chapter, {"chapter": passage.chapter, "title": passage.title, "passages": []}
        )
        number = numbers[passage.book]
        mentions = [
            part
            for one in passage.mentions
            for part in (one.start, one.end - one.start, 2 * number[one.name] + one.short)
        ]
        row = {"start": passage.start, "end": passage.end, "text": passage.text, "mentions": mentions}
        chapter["passages"].append(row)
    return {
        "silent": javascript(SILENT.pattern),
        "weights": {"character": CHARACTER, "named": NAMED_CHARACTER, "pair": PAIR, "name": NAME},
        "books": [
            {
                "book": title,
                "forms": book.lexicons[title].owners,
                "names": [
                    (one.name, one.kind, book.times.get((title, one.name), 0)) for one in book.lexicons[title].names
                ],
                "chapters": list(chapters.values()),
            }
            for title, chapters in books.items()
        ],
        "reader": _reader_data(reader) if reader else None,
    }


def _reader_data(reader: Reader) -> dict[str, Any]:
    patterns = {
        "clauses": CLAUSES,
        "sentences": SENTENCES,
        "quotes": QUOTES,
        "inner_quotes": INNER_QUOTES,
        "numbers": NUMBERS,
        "digits": DIGITS,
        "leads": LEADS,
        "label": LABEL,
    }
    return {
        "sorts": SORTS,
        "signs": [(sort, javascript(pattern.pattern)) for sort, pattern in PATTERNS],
        "asking": javascript(ASKING.pattern),
        "patterns": {name: javascript(pattern.pattern) for name, pattern in patterns.items()},
        "grammar": "".join(sorted(FUNCTION)),
        "speaks": "".join(sorted(SPEAKS)),
        "before": BEFORE,
        "after": AFTER,
        "passages": reader.pages.count,
        "calibration": asdict(reader.calibration),
        "scorers": len(reader.network.scorers),
        "weights": base64.b64encode(save(reader.network.state_dict())).decode(),
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
