"""How alike two texts are, marks and white space aside: shared character 3-grams. Texts go in; a share comes out,
or the most alike of many texts.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

NEAR = 0.7
"""Overlap from which on two questions count as the same one."""


def normalise(text: str) -> str:
    """NFKC, lower case, letters and digits only."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LN")


def grams(text: str, size: int = 3) -> set[str]:
    """Character n-grams of the letters and digits of a text; of a shorter text the text itself."""
    plain = normalise(text)
    return {plain[at : at + size] for at in range(max(1, len(plain) - size + 1))} - {""}


def jaccard(one: str, other: str) -> float:
    """Overlap of two texts' 3-grams: shared / all."""
    a, b = grams(one), grams(other)
    return len(a & b) / len(a | b) if a | b else 0.0


class Index:
    """Finds among many texts the one that is most like another."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sizes: list[int] = []
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(texts):
            own = grams(text)
            self._sizes.append(len(own))
            for gram in own:
                self._holders[gram].append(number)

    def nearest(self, text: str) -> tuple[int, float] | None:
        """Number of the most alike text (the first of equals) and its overlap; None if none shares a 3-gram."""
        own = grams(text)
        shared = Counter(number for gram in own for number in self._holders.get(gram, ()))
        overlap, number = max(
            ((count / (len(own) + self._sizes[n] - count), -n) for n, count in shared.items()), default=(0.0, 0)
        )
        return (-number, overlap) if overlap else None
