"""Which parts of the shelf are trained on, held out, or left between. Chapters go in, a `Split` comes out.

Every book is cut into zones of equal length, and each zone holds out one contiguous stretch at a seeded place,
with a gap on both sides: validation is spread along every book and touches no training text.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from ..errors import InputError
from ..messages import tr
from ..recipe import SplitSettings
from .book import Chapter
from .copies import gram_hashes, plain, shared_lines
from .cuts import Cuts

_LEAST_STRETCH = 100
"""Characters below which a held-out stretch says nothing."""
_TRAIN_SHARE = 0.6
"""Least share of a book that training keeps (less only where val_fraction itself asks for it)."""
_SLACK = 0.08
"""Share of its length by which either end of a stretch may move to a paragraph or sentence end."""


@dataclass(frozen=True)
class Piece:
    """Characters [start, end) of `chapters[chapter_index].full`."""

    chapter_index: int
    start: int
    end: int


@dataclass(frozen=True)
class Stretch:
    """Contiguous text of one book; it may cross chapter borders."""

    book: str
    pieces: tuple[Piece, ...]

    def text(self, chapters: Sequence[Chapter]) -> str:
        """The stretch's text, out of the list of chapters that was split."""
        return "".join(chapters[piece.chapter_index].full[piece.start : piece.end] for piece in self.pieces)


@dataclass(frozen=True)
class Split:
    """Training and validation text, and how many characters between them belong to neither."""

    train: list[Stretch]
    val: list[Stretch]
    gap_characters: int


def split_chapters(chapters: Sequence[Chapter], settings: SplitSettings) -> Split:
    """Hold out `val_fraction` of every book in stretches of about `stretch_chars`.

    Small books have one, shorter stretch, so that training keeps at least 60 % of the book. What a book holds out is in
    no other book's training text either: there the lines that say the same belong to neither part.

    Raises:
        InputError: a book is too short to hold anything out, or there are no chapters.
    """
    if not chapters:
        raise InputError(tr("there is no text to split. Add a book."))
    layouts, held, kept = {}, {}, {}
    for book in dict.fromkeys(chapter.book for chapter in chapters):
        layouts[book] = _Layout([index for index, chapter in enumerate(chapters) if chapter.book == book], chapters)
        held[book], kept[book] = _places(book, layouts[book].cuts, settings)
    if len(layouts) > 1:
        kept = _without_copies(layouts, held, kept)
    train = [Stretch(book, layouts[book].pieces(low, high)) for book in layouts for low, high in kept[book]]
    val = [Stretch(book, layouts[book].pieces(low, high)) for book in layouts for low, high in held[book]]
    used = sum(high - low for ranges in (held, kept) for own in ranges.values() for low, high in own)
    return Split(train, val, sum(layout.cuts.size for layout in layouts.values()) - used)


_Ranges = list[tuple[int, int]]


def _without_copies(
    layouts: dict[str, _Layout], held: dict[str, _Ranges], kept: dict[str, _Ranges]
) -> dict[str, _Ranges]:
    """Training ranges without the lines that stand in another book's held-out text (the same novel twice, an omnibus).

    A line goes if it holds a run of 13 letters of such text.
    """
    hashes = {
        book: np.unique(np.concatenate([gram_hashes(plain(layouts[book].text[low:high])) for low, high in own]))
        for book, own in held.items()
    }
    result: dict[str, _Ranges] = {}
    for book, own in kept.items():
        others = np.unique(np.concatenate([hashes[other] for other in hashes if other != book]))
        result[book] = []
        for low, high in own:
            at = low
            for start, end in shared_lines(layouts[book].text[low:high], others):
                if low + start > at:
                    result[book].append((at, low + start))
                at = low + end
            if at < high:
                result[book].append((at, high))
    return result


class _Layout:
    """One book as a single string: its chapters' `full`, end to end."""

    def __init__(self, own: list[int], chapters: Sequence[Chapter]) -> None:
        """`own`: indices of the book's chapters."""
        fulls = [chapters[index].full for index in own]
        self.own = own
        self.ends = list(accumulate(map(len, fulls)))
        self.starts = [0, *self.ends[:-1]]
        titles = [len(chapters[index].title) for index in own]
        after_title = {start + size + 1 for start, size in zip(self.starts, titles, strict=True) if size}
        self.text = "".join(fulls)
        self.cuts = Cuts(self.text, forbidden=after_title)

    def pieces(self, low: int, high: int) -> tuple[Piece, ...]:
        """Characters [low, high) of the book as parts of its chapters."""
        found = []
        at = bisect_right(self.ends, low)
        while at < len(self.own) and self.starts[at] < high:
            start = self.starts[at]
            found.append(Piece(self.own[at], max(low, start) - start, min(high, self.ends[at]) - start))
            at += 1
        return tuple(found)


def _plan(book: str, size: int, settings: SplitSettings) -> tuple[int, int]:
    """How many stretches a book of `size` characters holds out, and their length."""
    gap, share = settings.gap_chars, settings.val_fraction
    keep = min(_TRAIN_SHARE, 0.9 - share)
    spare = size * (1 - share - keep)  # what gaps may take
    wanted = max(1, round(share * size / settings.stretch_chars))
    count = max(1, min(wanted, int(spare / (2 * gap)) if gap else wanted))
    length = int(min(share * size / count, (size * (1 - keep) - 2 * gap) / (1 + _SLACK)))
    if length < _LEAST_STRETCH:
        least = math.ceil(max(_LEAST_STRETCH / share, (2 * gap + _LEAST_STRETCH * (1 + _SLACK)) / (1 - keep))) + 10
        raise InputError(
            tr(
                "{book}: {size:,} characters are too few to hold out {share:.0%} with gaps of "
                "{gap}; a book needs {least:,}. Join short texts into one file, or lower [split] "
                "gap_chars.",
                book=book,
                size=size,
                share=share,
                gap=gap,
                least=least,
            )
        )
    return count, length


def _places(book: str, cuts: Cuts, settings: SplitSettings) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Ranges of a book's characters that are held out, and those that are trained on."""
    size, gap = cuts.size, settings.gap_chars
    count, length = _plan(book, size, settings)
    draw = random.Random(f"{settings.seed}:{book}")
    slack = int(length * _SLACK)
    zone = size / count
    held, kept = [], []
    free = 0
    for number in range(count):
        low = int(number * zone) + gap + slack
        high = int((number + 1) * zone) - gap - slack - length
        place = low + int(draw.random() * max(0, high - low + 1))
        start = cuts.near(place, max(place - slack, 0), place + slack)
        end = cuts.near(start + length, start + length - slack, min(start + length + slack, size))
        held.append((start, end))
        if start - gap > free:
            kept.append((free, start - gap))
        free = end + gap
    if free < size:
        kept.append((free, size))
    return held, kept
