"""What is wrong with an answer by itself, whatever the question: loops, broken characters, text copied from a book."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ..text import normalise

COPIED = 8
"""Characters in a row that an answer must share with the book to count as copied; names and titles are shorter."""
_MARKUP = re.compile(r"<\|\w*\|?>?")


def is_loop(answer: str, repeats: int = 3) -> bool:
    """Whether an answer goes round in circles: some stretch of it, of at least 8 characters in all, stands
    `repeats` times or more directly one after the other. Letters alone are looked at, then marks too."""
    return loop_span(answer, repeats) is not None


def loop_span(answer: str, repeats: int = 3) -> tuple[int, int] | None:
    """Where the loop of an answer stands, as [start, end) of it; None if there is none. See `is_loop`."""
    letters = [(letter, place) for place, character in enumerate(answer) for letter in normalise(character)]
    everything = [(character, place) for place, character in enumerate(answer) if not character.isspace()]
    return _span(letters, repeats) or _span(everything, repeats)


def _span(text: list[tuple[str, int]], repeats: int) -> tuple[int, int] | None:
    for period in range(1, len(text) // repeats + 1):
        need = max(period * repeats, 8)
        run = period
        for at in range(period, len(text)):
            if text[at][0] == text[at - period][0]:
                run += 1
                if run >= need and (at + 1 == len(text) or text[at + 1][0] != text[at + 1 - period][0]):
                    return text[at + 1 - run][1], text[at][1] + 1
            else:
                run = period
    return None


def is_garbage(answer: str) -> bool:
    """Whether an answer holds what no text should: a replacement or control character, one from a private area,
    or markup of the chat template."""
    bad = any(unicodedata.category(c) in ("Cc", "Co", "Cn", "Cs") and c not in "\n\t\r" for c in answer)
    return bad or "\ufffd" in answer or _MARKUP.search(answer) is not None


def distinct(answers: Iterable[str], size: int) -> float:
    """Different n-grams of characters over all of them (Li et al. 2016); 0 if there are none."""
    texts = list(map(normalise, answers))
    found = [text[at : at + size] for text in texts for at in range(len(text) - size + 1)]
    return len(set(found)) / len(found) if found else 0.0


def copied(answers: list[str], books: Iterable[str]) -> list[float]:
    """The share of each answer's characters that stand in runs of `COPIED` or more of some book.

    The books are gone through once, whatever the number of answers.
    """
    texts = list(map(normalise, answers))
    wanted = {text[at : at + COPIED] for text in texts for at in range(len(text) - COPIED + 1)}
    found: set[str] = set()
    for book in books:
        plain = normalise(book)
        found |= wanted.intersection(plain[at : at + COPIED] for at in range(len(plain) - COPIED + 1))
    return [_covered(text, found) for text in texts]


def _covered(text: str, found: set[str]) -> float:
    inside: set[int] = set()
    for at in range(len(text) - COPIED + 1):
        if text[at : at + COPIED] in found:
            inside.update(range(at, at + COPIED))
    return len(inside) / len(text) if text else 0.0
