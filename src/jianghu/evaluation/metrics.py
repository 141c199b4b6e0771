"""Scores of one answer against one reference, all by characters, since Chinese has no spaces between words.

Each is a pure function of strings. Marks and white space do not count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from sacrebleu.metrics import CHRF

from ..text import normalise

_NUMERALS = frozenset("0123456789零〇一二三四五六七八九十百千万两廿卅")
_NOT = ("不", "非", "不是", "并非", "没有", "未")


def places(answer: str, accepted: Iterable[str]) -> Iterator[int]:
    """Where the accepted forms stand in a normalised answer.

    Not where they are part of something else: 九岁 in 十九岁, 是 in 不是.
    """
    for form in map(normalise, accepted):
        at = answer.find(form) if form else -1
        while at >= 0:
            cut = at and form[0] in _NUMERALS and answer[at - 1] in _NUMERALS
            if not cut and (at == 0 or form.startswith(_NOT) or not answer[:at].endswith(_NOT)):
                yield at
            at = answer.find(form, at + 1)


def contains(answer: str, accepted: Iterable[str]) -> bool:
    """Whether the answer holds one of the accepted forms."""
    return next(places(normalise(answer), accepted), None) is not None


def exact(answer: str, accepted: Iterable[str]) -> bool:
    """Whether the answer is one of the accepted forms and nothing else."""
    text = normalise(answer)
    return bool(text) and any(text == form for form in map(normalise, accepted))


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


@cache
def _chrf() -> CHRF:
    return CHRF()


def chrf(answer: str, reference: str) -> float:
    """chrF2 from 0 to 1 (Popović 2015), as sacrebleu computes it, of the texts as they are, marks included."""
    return _chrf().sentence_score(answer, [reference]).score / 100 if reference else 0.0
