"""Passages in an order of which every beginning is spread over the shelf."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..corpus import Passage


def spread(passages: Sequence[Passage]) -> list[Passage]:
    """The passages in an order of which every beginning covers each book evenly, in proportion to its length.

    Within a book by van der Corput's sequence (bits of the index reversed), so that asking for more passages later
    keeps those that were asked about.
    """
    by_book: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        by_book[passage.book].append(passage)
    ranked: list[tuple[float, int, Passage]] = []
    for number, own in enumerate(by_book.values()):
        bits = max(1, (len(own) - 1).bit_length())
        mixed = sorted(range(len(own)), key=lambda index: int(f"{index:0{bits}b}"[::-1], 2))
        ranked += [((rank + 0.5) / len(own), number, own[index]) for rank, index in enumerate(mixed)]
    return [passage for _, _, passage in sorted(ranked, key=lambda entry: entry[:2])]
