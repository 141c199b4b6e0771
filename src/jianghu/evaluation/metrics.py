"""Scores of one answer against one reference, all by characters, since Chinese has no spaces between words.

Each is a pure function of strings. Marks and white space do not count.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable


def normalise(text: str) -> str:
    """NFKC, lower case, letters and digits only."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LN")


def contains(answer: str, accepted: Iterable[str]) -> bool:
    """Whether the answer holds one of the accepted forms."""
    text = normalise(answer)
    return any(form in text for form in map(normalise, accepted) if form)


def first_clause(answer: str) -> str:
    """What an answer says before its first mark: where a right answer stands if nothing else was guessed before."""
    return re.split(r"[，。；：！？、,.;:!?\n]", answer.lstrip("“”‘’《》\"' "), maxsplit=1)[0]


def character_f1(answer: str, reference: str) -> float:
    """Harmonic mean of precision and recall over characters as a bag (SQuAD's F1, by characters)."""
    ours, theirs = Counter(normalise(answer)), Counter(normalise(reference))
    common = sum((ours & theirs).values())
    return 2 * common / (ours.total() + theirs.total()) if common else 0.0


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of characters (Lin 2004, beta = 1)."""
    ours, theirs = normalise(answer), normalise(reference)
    if not ours or not theirs:
        return 0.0
    row = [0] * (len(theirs) + 1)
    for left in ours:
        corner = 0
        for place, right in enumerate(theirs, 1):
            above = row[place]
            row[place] = corner + 1 if left == right else max(above, row[place - 1])
            corner = above
    return 2 * row[-1] / (len(ours) + len(theirs))


def is_loop(answer: str, repeats: int = 3) -> bool:
    """Whether an answer goes round in circles: some stretch of it, of at least 8 characters in all, stands
    `repeats` times or more directly one after the other."""
    text = normalise(answer)
    for period in range(1, len(text) // repeats + 1):
        need = max(period * repeats, 8)
        run = period
        for place in range(period, len(text)):
            run = run + 1 if text[place] == text[place - period] else period
            if run >= need:
                return True
    return False


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % confidence interval of a share (Wilson 1927); (0, 1) for no trials."""
    if not trials:
        return 0.0, 1.0
    z, share = 1.959964, successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)
