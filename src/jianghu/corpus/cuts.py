"""Where a text may be cut: at paragraph ends, else at sentence ends, else anywhere.

Used for pieces of a book without chapters, for passages, and for held-out stretches.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection

_PARAGRAPH = re.compile(r"\n")
_SENTENCE = re.compile(r"[。！？!?…；;][”’」』）)》]*|[.](?=\s)")


class Cuts:
    """The places at which `text` may be cut.

    Args:
        text: the text.
        forbidden: places that are no paragraph ends although a line ends there (after a title line).
    """

    def __init__(self, text: str, forbidden: Collection[int] = ()) -> None:
        self.size = len(text)
        self._levels = [
            array("I", (match.end() for match in pattern.finditer(text) if match.end() not in forbidden))
            for pattern in (_PARAGRAPH, _SENTENCE)
        ]

    def near(self, place: int, low: int, high: int) -> int:
        """The paragraph end nearest to `place` within [low, high], else the sentence end, else `place` itself."""
        for ends in self._levels:
            at = bisect_left(ends, place)
            found = [end for end in ends[max(0, at - 1) : at + 1] if low <= end <= high]
            if found:
                return min(found, key=lambda end: abs(end - place))
        return min(max(place, low), high)

    def evenly(self, size: int) -> list[tuple[int, int]]:
        """Cover the text with ranges of about `size` characters (a third more or less)."""
        count = max(1, round(self.size / size))
        start, ranges = 0, []
        for left in range(count, 1, -1):
            even = (self.size - start) / left
            place = start + int(even)
            end = self.near(place, max(start + 1, place - size // 3), place + size // 3)
            if start < end < self.size:
                ranges.append((start, end))
                start = end
        if start < self.size:
            ranges.append((start, self.size))
        return ranges
