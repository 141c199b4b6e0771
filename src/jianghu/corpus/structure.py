"""Which headings a book has, learned from the book itself: lines whose numbers count up, short, apart from the prose,
and spread along the text. Lines go in; the chosen lines come out.

No style is decided on by its looks alone. Where a part of a book stays out of all proportion, styles that rise inside
that part are looked for there, so that one 尾声 or one change of style never swallows the rest.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from .styles import Candidate, Style, candidates

_LEAST_MEMBERS = 3
_LEAST_GAP = 300
"""Characters of text that the headings of a style stand apart at least (half of them)."""
_DENSE = 80
"""Characters between two members below which they are a list or a table of contents."""
_RISES = 0.6
"""Least share of the members whose numbers go on from one before."""
_SPAN = 0.5
"""Least share of the text that lies between the first and the last member (and a chapter after it)."""
_PROPORTION = 20_000
"""Characters above which a part is looked into for more headings."""
_PAGES = 8
"""Least numbered pages by which a part is divided that nothing else divides."""
HUGE = 60_000
"""Characters of a chapter above which, if it is a quarter of its book, headings inside it were missed."""
_UNNUMBERED = {"signed": 0.6, "apart": 0.3}
"""Styles without numbers, and how much less they are believed."""
_SHORT = 24
"""Characters above which a line without number or mark is no title."""
_MARKS = re.compile(r"[，。！？：；、…“”\"「」,;:!?*=]|^[\W\d_]+$")
_ENDS = frozenset("。！？!?…”’」』》）)\"'.：:—*")


@dataclass(frozen=True)
class Member:
    """A line of a style."""

    line: int
    candidate: Candidate


class Outline:
    """The lines of a book, with what is needed to judge headings: their places in the text and what stands before.

    Args:
        lines: stripped lines; empty ones stay in place.
        taken: lines that are no candidates (they are headings already).
    """

    def __init__(self, lines: Sequence[str], taken: Iterable[int] = ()) -> None:
        self.lines = lines
        self.places = [0, *accumulate(map(len, lines))]
        self._after_sentence = self._ends(lines)
        taken = set(taken)
        self.members: dict[Style, list[Member]] = {}
        alone = self._alone(lines)
        for number, line in enumerate(lines):
            if number not in taken:
                if alone is not None and alone(number):
                    candidate = Candidate(Style("apart", "", ""), None, line)
                    self.members.setdefault(candidate.style, []).append(Member(number, candidate))
                for candidate in candidates(line):
                    self.members.setdefault(candidate.style, []).append(Member(number, candidate))
        self.members = {style: found for style, found in self.members.items() if len(found) >= _LEAST_MEMBERS}

    @staticmethod
    def _ends(lines: Sequence[str]) -> list[bool]:
        """For each line, whether the text before it ends where a sentence does."""
        result, ended = [], True
        for line in lines:
            result.append(ended)
            if line:
                ended = line[-1] in _ENDS or len(line) < 15
        return result

    @staticmethod
    def _alone(lines: Sequence[str]) -> Callable[[int], bool] | None:
        """Tells short lines without any mark that stand between blank lines; None where most lines stand so."""
        last = len(lines) - 1
        apart = [
            bool(line) and (at == 0 or not lines[at - 1]) and (at == last or not lines[at + 1])
            for at, line in enumerate(lines)
        ]
        if 10 * sum(apart) > sum(map(bool, lines)):
            return None
        return lambda at: apart[at] and 2 <= len(lines[at]) <= _SHORT and _MARKS.search(lines[at]) is None

    def size(self, low: int, high: int) -> int:
        """Characters of the lines [low, high)."""
        return self.places[high] - self.places[low]

    def best(self, low: int, high: int, pages: bool = False) -> list[Member]:
        """The members of the style that divides the lines [low, high) best; empty if none does.

        Args:
            pages: numbered pages of a site count too, which begin in the middle of a sentence (分节阅读 12).
        """
        scored = []
        for style, found in self.members.items():
            begin = bisect_left(found, low, key=lambda member: member.line)
            end = bisect_left(found, high, key=lambda member: member.line)
            if end - begin >= _LEAST_MEMBERS:
                members, score = self._judged(style, found[begin:end], low, high, pages and style.kind == "named")
                if members:
                    scored.append((score, style.frame, members))
        return max(scored, key=lambda item: item[:2])[2] if scored else []

    def _judged(
        self, style: Style, members: list[Member], low: int, high: int, pages: bool = False
    ) -> tuple[list[Member], float]:
        """The members that are headings, and how well they divide the text; none if it is no style of headings."""
        members = self._apart(members, high)
        if style.kind in _UNNUMBERED:
            least, kept = 5, members
        else:
            least, kept = _LEAST_MEMBERS, rising(members)
        if len(kept) < least:
            return [], 0.0
        text = self.size(low, high)
        gaps = [self.size(a.line, b.line) for a, b in pairwise(kept)] + [self.size(kept[-1].line, high)]
        middle = sorted(gaps)[len(gaps) // 2]
        rises = len(kept) / len(members)
        reach = self.size(kept[0].line, kept[-1].line) + min(gaps[-1], 3 * middle)
        clean = sum(self._after_sentence[member.line] for member in kept) / len(kept)
        few = 2 if len(kept) < 6 else 1
        if middle < _LEAST_GAP * few or rises < _RISES or reach < _SPAN * text:
            return [], 0.0
        if clean < 0.8 and not (pages and len(kept) >= _PAGES and rises > 0.9):
            return [], 0.0
        if sum(gap < _DENSE for gap in gaps) * 4 > len(gaps) or (style.kind not in _UNNUMBERED and not _begins(kept)):
            return [], 0.0
        fit = 1.0 if 800 <= middle <= 30_000 else 0.5
        return kept, rises * clean * fit * math.log(1 + len(kept)) * _UNNUMBERED.get(style.kind, 1.0)

    def _apart(self, members: list[Member], high: int) -> list[Member]:
        """Members without those of lists and tables of contents: three or more, hardly a line between them."""
        ends = [member.line for member in members[1:]] + [high]
        dense = [self.size(member.line + 1, end) < _DENSE for member, end in zip(members, ends, strict=True)]
        kept = []
        for number, member in enumerate(members):
            run = sum(dense[max(0, number - 2) : number]) + sum(dense[number : number + 2])
            if not dense[number] or run < 2:
                kept.append(member)
        return kept


def _begins(members: list[Member]) -> bool:
    """Whether numbers begin where chapters do: at most at 3, or go on long (a second volume)."""
    first = members[0].candidate.number or 0
    return first <= 3 or len(members) >= 8


def rising(members: list[Member]) -> list[Member]:
    """Members whose numbers fit those around them; one that is wrong, missing or repeated costs nothing else."""
    numbers = [member.candidate.number or 0 for member in members]
    return [member for at, member in enumerate(members) if fits(numbers, at)]


def fits(numbers: Sequence[int], at: int) -> bool:
    """Whether a number goes on from one of the three before it, leads to one of the three after it, or fills a gap."""
    number = numbers[at]
    before = [(at - other, number - numbers[other]) for other in range(max(0, at - 3), at)]
    after = [(other - at, numbers[other] - number) for other in range(at + 1, min(len(numbers), at + 4))]
    fills = 0 < at < len(numbers) - 1 and numbers[at + 1] - numbers[at - 1] == 2
    return fills or any(0 < step <= distance + 1 for distance, step in (*before, *after))


def refined(outline: Outline, chosen: set[int]) -> list[Member]:
    """Headings that divide the parts which `chosen` headings leave out of proportion."""
    found: list[Member] = []
    for _ in range(3):
        borders = [0, *sorted(chosen | {member.line for member in found}), len(outline.lines)]
        sizes = sorted(outline.size(a, b) for a, b in pairwise(borders) if b > a)
        if not sizes:
            break
        middle = sizes[len(sizes) // 2]
        most = max(_PROPORTION, 5 * middle) if len(sizes) >= 8 else _PROPORTION
        more = [
            member
            for low, high in pairwise(borders)
            if outline.size(low, high) > most
            for member in outline.best(low, high)
            if member.line not in chosen
        ]
        if not more:
            break
        found += more
    return found + _pages(outline, chosen | {member.line for member in found})


def _pages(outline: Outline, chosen: set[int]) -> list[Member]:
    """The last resort: numbered pages of a site, in parts that are still out of all proportion."""
    borders, whole = [0, *sorted(chosen), len(outline.lines)], outline.size(0, len(outline.lines))
    return [
        member
        for low, high in pairwise(borders)
        if outline.size(low, high) > max(HUGE, whole / 4)
        for member in outline.best(low, high, pages=True)
        if member.line not in chosen
    ]
