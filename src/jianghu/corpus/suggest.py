"""What to say where a book's structure was not found, or a chapter is out of all proportion: one line, and ten lines of
the book that could be headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..messages import tr
from .book import Chapter
from .numbers import NUMERALS
from .structure import HUGE

_SHOWN = 10
_LONGEST = 40
_NUMBER = re.compile(rf"[{NUMERALS}]+|\b[IVXLC]+\b")
_ENDS = frozenset("，。！？；：、…”’」』》,.;:!?")


def out_of_proportion(chapters: Sequence[Chapter]) -> Chapter | None:
    """The chapter that holds over 60,000 characters and a quarter of the book, if any."""
    sizes = [len(chapter.text) for chapter in chapters]
    largest = max(sizes, default=0)
    return chapters[sizes.index(largest)] if largest > HUGE and 4 * largest > sum(sizes) else None


def structure_remark(chapters: Sequence[Chapter], pieces: bool) -> tuple[str, list[str]]:
    """One line about a structure that is missing or out of proportion, and up to ten lines that could be headings.

    Returns ("", []) where all is well.
    """
    if pieces:
        line = tr(
            "no chapter headings were found, and the text is cut into even pieces. If it has headings, describe them:"
        )
        return line, candidate_lines("\n".join(chapter.text for chapter in chapters))
    huge = out_of_proportion(chapters)
    if huge is None:
        return "", []
    line = tr(
        "chapter {number} ({title}) holds {share:.0%} of the book. If it has headings inside, describe them:",
        number=huge.chapter,
        title=huge.title or tr("untitled"),
        share=len(huge.text) / sum(len(chapter.text) for chapter in chapters),
    )
    return line, candidate_lines(huge.text)


def candidate_lines(text: str) -> list[str]:
    """Ten short lines that could be headings: of the forms that come again most, spread along the text."""
    forms: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if 0 < len(line) <= _LONGEST and line[-1] not in _ENDS and any(map(str.isalnum, line)):
            form = _NUMBER.sub("#", line)
            kind = form if "#" in form else f"{len(line) // 8}"
            key = kind if "#" not in kind else re.sub(r"[^\W\d_]+", "w", kind)
            forms.setdefault(("#" in kind) * "#" + key, []).append(line)
    ranked = sorted(forms.items(), key=lambda item: (not item[0].startswith("#"), -len(item[1])))
    lines: list[str] = []
    for _, own in ranked:
        step = max(1, len(own) // _SHOWN)
        lines += own[::step][: _SHOWN - len(lines)]
        if len(lines) >= _SHOWN:
            break
    return lines[:_SHOWN]
