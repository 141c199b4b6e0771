"""One passage that was found, and the arithmetic of finding it: BM25 (Robertson and Zaragoza 2009).

A passage's weight for a term is computed once, when the index is made; a search only adds weights up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

SATURATION, LENGTH = 1.2, 0.75
"""BM25's k1 and b."""
MIN_IDF = 1e-3
"""Of a term that stands in more than half of the passages."""


@dataclass(frozen=True)
class Match:
    """A passage that matches a question.

    Attributes:
        id: of the passage in the index.
        chapter: position in the book, from 1; `title` is its heading.
        start, end: the passage is `text[start:end]` of the chapter's text.
        marks: where in the passage the question's words stand, half-open and in order.
        score: BM25; higher matches better. Comparable within one answer only.
    """

    id: int
    book: str
    chapter: int
    title: str
    start: int
    end: int
    text: str
    marks: tuple[tuple[int, int], ...]
    score: float


def bm25(places: Sequence[int], counts: Sequence[int], lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A term's passages and its weights in them.

    Args:
        places: indices of the passages that hold the term, ascending.
        counts: how often each does.
        lengths: characters of every passage, over their mean.
    """
    where, times = np.array(places, np.uint32), np.array(counts, np.float32)
    idf = max(np.log((len(lengths) - len(where) + 0.5) / (len(where) + 0.5)), MIN_IDF)
    norm = SATURATION * (1 - LENGTH + LENGTH * lengths[where])
    return where, (idf * times * (SATURATION + 1) / (times + norm)).astype(np.float16)


def best(
    postings: Iterable[tuple[float, np.ndarray, np.ndarray]], count: int, allowed: Sequence[range], limit: int
) -> list[tuple[int, float]]:
    """The passages with the highest sums, (index, sum), best first; of equal ones the earlier.

    Args:
        postings: for each term of the question its weight, passages and weights there.
        count: of all passages.
        allowed: stretches of passages among which to choose.
    """
    sums = np.zeros(count, np.float32)
    for weight, where, weights in postings:
        sums[where] += weight * weights.astype(np.float32)
    kept = np.concatenate([np.arange(part.start, part.stop) for part in allowed]) if allowed else np.zeros(0, int)
    kept = kept[sums[kept] > 0]
    if len(kept) > limit:
        least = np.partition(sums[kept], len(kept) - limit)[len(kept) - limit]
        kept = kept[sums[kept] >= least]
    order = np.argsort(-sums[kept], kind="stable")[:limit]
    return [(int(index), float(sums[index])) for index in kept[order]]
