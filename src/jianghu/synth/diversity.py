"""How much texts repeat themselves, by characters, since Chinese has no spaces between words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from .checks import letters


def distinct_2(texts: Iterable[str]) -> float:
    """Different pairs of neighbouring characters over all such pairs (Li et al. 2016); 0 for no text.

    It falls as texts grow more, so only sets of about the same size can be compared.
    """
    different: set[tuple[str, str]] = set()
    total = 0
    for text in texts:
        for pair in pairwise(letters(text)):
            different.add(pair)
            total += 1
    return len(different) / total if total else 0.0
