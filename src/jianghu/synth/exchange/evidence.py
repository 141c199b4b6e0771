"""Where in the books a question and its answer stand, for records that came without a quote.

Chapters go in once; a question, an answer and its short form go in, the stretch of a book that bears them out comes
out, or nothing. It is cautious: a record without evidence is better than one with the wrong evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ...corpus import Chapter, Passage, cut_passages
from ..checks.names import KnownBook, named
from ..checks.quote import letters

STRETCH = 120  # characters of a stretch, about; two or three sentences
COMMON = 0.02  # share of the stretches in which a pair of letters may stand and still say something
BEST = 5  # stretches that are looked at, the most alike first
MIN_SHARE = 0.2  # share of what the record's pairs of letters weigh that a stretch must hold


class Finder:
    """The stretches of all books, with an index of their pairs of letters: eight bytes for each letter of the books."""

    def __init__(self, chapters: Sequence[Chapter], books: Mapping[str, KnownBook]) -> None:
        self.books = books
        self.stretches = cut_passages(list(chapters), STRETCH)
        codes, places = [], []
        for place, stretch in enumerate(self.stretches):
            own = np.unique(_codes(letters(stretch.text)))
            codes.append(own)
            places.append(np.full(len(own), place, np.uint32))
        every = np.concatenate(codes) if codes else np.empty(0, np.uint64)
        order = np.argsort(every, kind="stable")
        self._places = (np.concatenate(places) if places else np.empty(0, np.uint32))[order]
        self._codes, self._starts = np.unique(every[order], return_index=True)
        self._ends = np.append(self._starts[1:], len(every))

    def find(self, question: str, answer: str, short: str, book: str | None = None) -> Passage | None:
        """The stretch that holds the short answer, the question's people and most of the rest.

        Args:
            book: look in this book only.
        """
        weights, total = np.zeros(len(self.stretches), np.float32), 0.0
        for code in np.unique(_codes(letters(question) + "\n" + letters(answer))):
            at = int(np.searchsorted(self._codes, code))
            if at == len(self._codes) or self._codes[at] != code:
                continue
            places = self._places[self._starts[at] : self._ends[at]]
            if len(places) <= max(1, COMMON * len(self.stretches)):
                weight = math.log(len(self.stretches) / len(places) + 1)
                weights[places] += weight
                total += weight
        for place in np.argsort(-weights, kind="stable")[:BEST]:
            stretch, held = self.stretches[place], float(weights[place])
            if not total or held < MIN_SHARE * total:
                return None
            if book in (None, stretch.book) and self._bears_out(stretch, question, answer, short):
                return stretch
        return None

    def _bears_out(self, stretch: Passage, question: str, answer: str, short: str) -> bool:
        known = self.books.get(stretch.book)
        forms = (short, *(known.forms(short) if known else ()))
        if short != answer and not any(named(form, stretch.text) for form in forms if form):
            return False
        people = known.people(question if short != answer else question + answer) if known else []
        missing = [
            name for _, name in people if known and not any(named(form, stretch.text) for form in known.forms(name))
        ]
        return len(missing) <= len(people) // 3


def _codes(text: str) -> np.ndarray:
    """Each pair of neighbouring letters as one number; a line end belongs to no pair."""
    pairs = ((ord(a) << 32) | ord(b) for a, b in pairwise(text) if "\n" not in (a, b))
    return np.fromiter(pairs, np.uint64)
