"""Texts made comparable (width, case, traditional characters, marks), and how alike two of them are by shared character
3-grams. Texts go in; a plain form, a share, or the most alike of many texts comes out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from functools import cache

from opencc import OpenCC

NEAR = 0.7
"""Overlap from which on two questions count as the same one."""


def fold(text: str) -> str:
    """The text in one width (NFKC), case and script: traditional characters as simplified ones, one by one."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return folded if folded.isascii() else folded.translate(_simplified())


@cache
def _simplified() -> dict[int, str]:
    """Traditional character → simplified, by OpenCC. Words are not looked at, so that a text is folded alike wherever
    it is cut: 乾坤 becomes 干坤."""
    characters = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    simple = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(old): new for old, new in zip(characters, simple, strict=True) if old != new}


def normalise(text: str) -> str:
    """The text folded, letters and digits only."""
    return "".join(character for character in fold(text) if unicodedata.category(character)[0] in "LN")


def grams(text: str, size: int = 3) -> set[str]:
    """Character n-grams of the letters and digits of a text; of a shorter text the text itself."""
    return ngrams(normalise(text), size)


def ngrams(text: str, size: int = 3) -> set[str]:
    """Character n-grams of a text as it is; of a shorter text the text itself."""
    return {text[at : at + size] for at in range(max(1, len(text) - size + 1))} - {""}


def jaccard(one: str, other: str) -> float:
    """Overlap of two texts' 3-grams."""
    return overlap(grams(one), grams(other))


def overlap(one: Set[str], other: Set[str]) -> float:
    """The Jaccard index of two sets: shared members over all; 0 of two empty ones."""
    return len(one & other) / len(one | other) if one or other else 0.0


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def is_english(texts: Sequence[str]) -> bool:
    """Whether texts are in Latin letters with the commonest words of English."""
    sample = " ".join(text[:3000] for text in texts[:20]).lower()
    words = Counter(re.findall(r"[a-z]+", sample))
    common = sum(words[word] for word in ("the", "and", "of", "to", "in", "a", "was", "that", "he", "his", "it"))
    return 5 * common > sum(words.values()) > len(sample) / 12


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
