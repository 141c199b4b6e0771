"""A quote and the passage it is said to stand in → where it stands. What is kept is the book's words. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import fuzz

SIMILAR = 90.0  # least rapidfuzz score of a quote that is not verbatim
SHORTEST_LOOSE = 8  # characters; a shorter quote must stand verbatim, else anything resembles anything
_SAME = str.maketrans("「」『』“”‘’＂＇〝〞—－–‐", '""""""\'\'"\'""----')


def locate(quote: str, passage: str) -> tuple[int, int] | None:
    """Where a quote stands: `passage[start:end]`, or None.

    First exactly, white space, width and the shape of quote marks aside; then by the best alignment, if at least
    90 of 100 alike (rapidfuzz partial ratio).
    """
    if quote.strip() and (verbatim := passage.find(quote.strip())) >= 0:
        return verbatim, verbatim + len(quote.strip())
    text, places = normalised(passage)
    # Teachers put quotes round a quote, and dots at its ends; but the marks may be the book's own.
    forms = [quote.strip(), quote.strip("…. \n"), quote.strip("…. \n“”「」\"'")]
    wanted, start = "", -1
    for form in forms:
        wanted, _ = normalised(form)
        start = text.find(wanted) if wanted else -1
        if start >= 0:
            break
    if not wanted or len(wanted) > len(text):
        return None
    end = start + len(wanted)
    if start < 0:
        if len(wanted) < SHORTEST_LOOSE:
            return None
        found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=SIMILAR)
        if found is None or found.dest_end <= found.dest_start:
            return None
        start, end = found.dest_start, found.dest_end
    return places[start], places[end - 1] + 1


@lru_cache(maxsize=512)
def normalised(text: str) -> tuple[str, Sequence[int]]:
    """The text in one width and case without white space, and for each of its characters the place in `text`."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKC", character.translate(_SAME)).casefold()
        # One for one: half of a character that unfolds, such as ¼, is no place in the text.
        plain = plain if len(plain) == 1 else character
        if not plain.isspace():
            characters.append(plain)
            places.append(place)
    return "".join(characters), tuple(places)


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """Letters and digits of a text in one width and case: what two texts are compared by."""
    # All at once, not by `normalised`: no places are wanted, and this is asked of every text many times.
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())
