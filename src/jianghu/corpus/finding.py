"""The headings of a book: those that say so (第三章, <h2>), those of a style that rises through the text, those that
its table of contents names. Lines go in, with their blank lines; the same lines come out, headings marked with `MARK`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from .headings import MARK, VOLUMES, Heading, inline_heading, parse_heading
from .ledger import Ledger, visible
from .structure import Outline, fits, refined

_ENOUGH = 3
"""Numbered chapters from which on a book's own headings are believed to be all there are."""
_RECURS = 3
"""How often words before a heading must recur to be no part of it."""
_ENTRIES = 5
"""Least entries of a table of contents."""
_MOST_ENTRIES = 10_000
"""Entries above which a table of contents is none: the lines of the text repeat."""
_LEAST_GAP = 300
"""Characters that lie between the titles a table of contents names (half of them)."""
_PAGE = re.compile(r"[\s.…·．]{2,60}\d{0,4}$")
_TITLE = 40
"""Characters above which a line is no entry of a table of contents."""


def mark_headings(lines: Sequence[str], book: str, pattern: str, ledger: Ledger) -> list[str]:
    """The lines with a `MARK` before each heading and before nothing else; a heading's line holds its title only."""
    found = find_headings(lines, book, pattern)
    result: list[str] = []
    for index, line in enumerate(lines):
        heading = found.get(index)
        if heading is None:
            result.append(line.replace(MARK, "", 1) if line.lstrip().startswith(MARK) else line)
            continue
        bare = line.strip().removeprefix(MARK)
        lost = visible(bare) - visible(heading.title) - visible(heading.prose)
        if heading.prefix and lost:
            ledger.cut("words before a heading", bare, 0, bare.find(heading.title.split()[0]))
            lost -= visible(bare[: bare.find(heading.title.split()[0])])
        ledger.count("marks around a heading", int(lost > 0), lost, bare)
        result.append(MARK + heading.title)
        if heading.prose:
            result.append(heading.prose)
    return result


def find_headings(lines: Sequence[str], book: str, pattern: str = "") -> dict[int, Heading]:
    """The headings among a book's lines, by line index.

    Args:
        lines: as they stand in the file, blank ones too.
        book: the book's name, which may stand before a heading.
        pattern: a regular expression that decides alone, if it is given.
    """
    bare = [line.strip() for line in lines]
    if pattern:
        return _by_pattern(bare, pattern)
    found = _spoken(bare, book)
    numbered = sum(h.number is not None and h.unit[:1] not in VOLUMES for h in found.values())
    marked = sum(bare[index].startswith(MARK) for index in found)
    found |= _in_contents(bare, found) if numbered < _ENOUGH and marked < _ENOUGH else {}
    outline = Outline(bare, found)
    more = outline.best(0, len(bare)) if len(found) < _ENOUGH else []
    more += refined(outline, set(found) | {member.line for member in more})
    for member in more:
        found[member.line] = Heading(member.candidate.title, member.candidate.number, "", True, "")
    return dict(sorted(found.items()))


def _by_pattern(lines: list[str], pattern: str) -> dict[int, Heading]:
    expression = re.compile(pattern)
    return {
        index: Heading(line.removeprefix(MARK), None, "", True, "")
        for index, line in enumerate(lines)
        if line and len(line) <= 200 and expression.search(line.removeprefix(MARK))
    }


def _spoken(lines: list[str], book: str) -> dict[int, Heading]:
    """Headings that say what they are. One that is not sure is believed if its number fits those around it."""
    read = {index: heading for index, line in enumerate(lines) if line and (heading := parse_heading(line)) is not None}
    prefixes = Counter(heading.prefix for heading in read.values())
    names = {"", "正文", book, f"《{book}》"}
    read = {i: h for i, h in read.items() if h.prefix in names or prefixes[h.prefix] >= _RECURS}
    chapters = sum(h.number is not None and h.sure and h.unit[:1] not in VOLUMES for h in read.values())
    if chapters >= _ENOUGH:  # sections inside chapters, as the markup has them
        read = {
            i: h for i, h in read.items() if not lines[i].startswith(MARK) or h.number is not None or _named(lines[i])
        }
    doubtful = _doubtful(read, lines)
    return {i: h for i, h in sorted((read | doubtful).items()) if h.sure or i in doubtful}


def _named(line: str) -> bool:
    return parse_heading(line.removeprefix(MARK)) is not None


def _doubtful(read: dict[int, Heading], lines: list[str]) -> dict[int, Heading]:
    """Of the headings that are not sure, and of those with prose on their line, the ones whose numbers fit."""
    inline = {
        index: heading
        for index, line in enumerate(lines)
        if line.startswith("第") and index not in read and (heading := inline_heading(line)) is not None
    }
    result: dict[int, Heading] = {}
    for unit in {heading.unit for heading in (*read.values(), *inline.values()) if heading.number is not None}:
        own = sorted((i, h) for i, h in (read | inline).items() if h.unit == unit and h.number is not None)
        sure = {h.number for _, h in own if h.sure}
        if sure and len(sure) * 2 >= len(own):
            own = [(i, h) for i, h in own if h.sure or h.number not in sure]
        numbers = [h.number or 0 for _, h in own]
        result |= {i: h for at, (i, h) in enumerate(own) if not h.sure and fits(numbers, at)}
    return result


def _in_contents(lines: list[str], known: dict[int, Heading]) -> dict[int, Heading]:
    """Headings that a table of contents names: short lines that come again, one after the other, in the text."""
    entries = {index: _entry(line) for index, line in enumerate(lines) if _is_entry(line)}
    places: dict[str, list[int]] = {}
    for index, entry in entries.items():
        places.setdefault(entry, []).append(index)
    run: list[int] = []
    best: list[int] = []
    for index, line in enumerate(lines):
        if not line:
            continue
        if index in entries and places[entries[index]][-1] > index:
            run.append(index)
            if len(run) > len(best):
                best = run
        elif len(line) > _TITLE or not run or index - run[-1] > 6:
            run = []
    if not _ENTRIES <= len(best) <= _MOST_ENTRIES:
        return {}
    at, targets = best[-1], []
    for index in best:
        later = places[entries[index]]
        if (next_one := bisect_right(later, at)) < len(later):
            at = later[next_one]
            targets.append(at)
    sizes = [sum(map(len, lines[low:high])) for low, high in pairwise([*targets, len(lines)])]
    if len(targets) * 5 < len(best) * 4 or sorted(sizes)[len(sizes) // 2] < _LEAST_GAP:
        return {}
    return {
        index: Heading(lines[index].removeprefix(MARK), None, "", True, "")
        for index in (*best, *targets)
        if index not in known
    }


def _is_entry(line: str) -> bool:
    """Whether a line could be a title: short, with letters, and no sentence or speech."""
    return 2 <= len(line) <= _TITLE and line[-1] not in "，。；：、！？”,;:!?" and line[0] not in "，。；：、！？”“"


def _entry(line: str) -> str:
    bare = line.removeprefix(MARK)
    if bare[-1].isdigit() or bare[-1] in ".…·．":
        bare = _PAGE.sub("", bare)
    return bare.replace(" ", "").replace("\u3000", "")
