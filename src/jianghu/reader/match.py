"""The passages that were found, laid end to end, and where in them the words of a question stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..retrieval import Passage
from .asking import Question
from .candidates import Layout

LANES = ("characters", "pairs", "triples", "names")
"""Kinds of terms. Each has features of its own: a shared name tells less than three shared characters in a row."""
SHARES = (0.35, 0.5, 0.4)
"""Weights of characters, pairs and triples, times their rarity."""
NAMED = 2.5
"""Weight of a name."""
GAP = 400
"""Characters counted between passages that do not follow each other."""
FAR = 1e4
EPSILON = 1e-6


@dataclass(frozen=True)
class Page:
    """A passage with its layout.

    Attributes:
        fixed: features of the candidates that no question changes, (candidates, …).
    """

    passage: Passage
    layout: Layout
    fixed: np.ndarray


@dataclass(frozen=True)
class Terms:
    """The question's terms that stand in the passages: a row for each.

    Attributes:
        places: where each stands, ascending.
        size: its length in characters; `weight` its rarity; `lane` its kind; `asked` where in the question it stands.
        total: weight of all terms of each kind, `missing` of those that stand in no passage.
    """

    places: list[np.ndarray]
    size: np.ndarray
    weight: np.ndarray
    lane: np.ndarray
    asked: np.ndarray
    total: np.ndarray
    missing: float

    @property
    def all_weight(self) -> float:
        """Weight of the whole question."""
        return max(float(self.total.sum()), EPSILON)

    def of_lane(self, lane: int) -> np.ndarray:
        """The weights of one kind of terms, others being zero."""
        return self.weight * (self.lane == lane)


def offsets_of(pages: Sequence[Page]) -> np.ndarray:
    """Where each passage begins when they are laid end to end in the order of the books."""
    offsets = np.zeros(len(pages), np.int64)
    at, last = 0, None
    for n in sorted(range(len(pages)), key=lambda n: pages[n].passage.id):
        passage = pages[n].passage
        if last is not None:
            gap = passage.start - last.end
            follows = (last.book, last.chapter) == (passage.book, passage.chapter) and 0 <= gap < 3
            at += len(last.text) + (gap if follows else GAP)
        offsets[n], last = at, passage
    return offsets


def find_terms(question: Question, pages: Sequence[Page], offsets: np.ndarray, rarity: Callable[[str], float]) -> Terms:
    """Look the question's terms up in the passages."""
    rows: list[tuple[np.ndarray, int, float, int, int]] = []
    total, missing = np.zeros(len(LANES)), 0.0
    for term, asked in question.terms.items():
        lane = len(term) - 1
        rare = rarity(term) if lane < 2 else min(rarity(term[:2]), rarity(term[1:]))
        weight = max(rare, 0.0) * SHARES[lane]
        here = [
            int(offset) + spot
            for page, offset in zip(pages, offsets, strict=True)
            for spot in _spots(page.passage.text, term)
        ]
        if lane == 2 and not here:
            continue  # three in a row are a bonus, and nothing that is missed
        total[lane] += weight
        if here:
            rows.append((np.sort(np.array(here)), len(term), weight, lane, asked))
        else:
            missing += weight
    for (book, name), asked in question.names.items():
        total[3] += NAMED
        here = [
            int(offset) + mention.start
            for page, offset in zip(pages, offsets, strict=True)
            for mention in page.passage.mentions
            if mention.name == name and page.passage.book == book
        ]
        if here:
            rows.append((np.sort(np.array(here)), 2, NAMED, 3, asked))
        else:
            missing += NAMED
    return Terms(
        [row[0] for row in rows],
        np.array([row[1] for row in rows], int),
        np.array([row[2] for row in rows], float),
        np.array([row[3] for row in rows], int),
        np.array([row[4] for row in rows], int),
        total,
        missing,
    )


def distances(terms: Terms, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From each candidate to the nearest place of each term.

    Returns:
        to the left, to the right, both (terms, candidates) in characters; and whether the candidate holds the term.
    """
    shape = (len(terms.places), len(start))
    left, right, inside = np.full(shape, FAR), np.full(shape, FAR), np.zeros(shape, bool)
    for t, (spots, size) in enumerate(zip(terms.places, terms.size, strict=True)):
        padded = np.concatenate([[-FAR * 2], spots, [FAR * 200]])
        before = padded[np.searchsorted(spots, start - size, side="right")]
        behind = np.searchsorted(spots, end, side="left")
        left[t] = np.minimum(start - before - size, FAR)
        right[t] = np.minimum(padded[behind + 1] - end, FAR)
        inside[t] = behind > np.searchsorted(spots, start, side="left")
    return left, right, inside


def held(terms: Terms, offsets: np.ndarray, lengths: Sequence[int], units: np.ndarray, count: int) -> np.ndarray:
    """Which units (clauses, sentences, passages) hold which terms, (terms, count).

    Args:
        lengths: characters of each passage.
        units: the unit of each character of all passages, one passage behind the other in their own order.
    """
    first = np.concatenate([[0], np.cumsum(lengths)])
    order = np.argsort(offsets)
    result = np.zeros((len(terms.places), count), bool)
    for t, spots in enumerate(terms.places):
        page = order[np.searchsorted(offsets[order], spots, side="right") - 1]
        result[t, units[first[page] + spots - offsets[page]]] = True
    return result


def _spots(text: str, term: str) -> list[int]:
    spots, at = [], text.find(term)
    while at >= 0:
        spots.append(at)
        at = text.find(term, at + 1)
    return spots
