"""Scores of one answer against one reference, all by characters, since Chinese has no spaces between words.

Each is a pure function of strings. Marks and white space do not count.
"""

from __future__ import annotations

from collections import Counter

from rapidfuzz.distance import LCSseq

from ..text import normalise


def character_f1(answer: str, reference: str) -> float:
    """Harmonic mean of precision and recall over characters as a bag (SQuAD's F1, by characters)."""
    ours, theirs = Counter(normalise(answer)), Counter(normalise(reference))
    common = sum((ours & theirs).values())
    return 2 * common / (ours.total() + theirs.total()) if common else 0.0


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of characters (Lin 2004, beta = 1)."""
    ours, theirs = normalise(answer), normalise(reference)
    common = LCSseq.similarity(ours, theirs)
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0
