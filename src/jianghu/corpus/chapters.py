"""Clean lines → chapters: headings found, a table of contents and repeated chapters left out.

A book without headings is cut into even pieces at paragraph ends.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from zlib import crc32

from rapidfuzz import fuzz, process

from .book import Chapter
from .cuts import Cuts
from .headings import MARK, parse_heading
from .ledger import Ledger

_PROSE = re.compile(r"[^。！？!?…]{8,}[。！？!?…]|[a-z]{2,}[^.]{20,}[.!?]|[^，]{6,}，[^，]{6,}")
"""A sentence, as titles, authors and slogans are none."""
_SENTENCE_LIKE = re.compile(r"[。；，：,;]$|，[^，]*，|.{45}")
"""What a heading without text would not look like."""
_ALIKE = 80
"""Likeness of two sentences in percent from which on one is the other, misspelled."""
_WHOLE = 8_000_000
"""Characters of a book up to which every sentence is remembered; the longest novels have some 20 million."""
_SENTENCE = re.compile(r"[^。！？!?\n]{8,}")


@dataclass
class _Section:
    title: str
    lines: list[str]

    @property
    def size(self) -> int:
        return sum(map(len, self.lines))


def make_chapters(lines: list[str], book: str, clean: bool, ledger: Ledger) -> list[Chapter]:
    """Chapters of a book's lines, headings marked; an empty list if no line is a heading with text under it."""
    sections = [_Section("", [])]
    for line in lines:
        if line.startswith(MARK):
            sections.append(_Section(line.removeprefix(MARK), []))
        else:
            sections[-1].lines.append(line)
    sections, runs = _without_empty(sections)
    if len(sections) < 2:
        return []
    for run in runs:
        _note(run, ledger)
    if clean:
        sections = _without_repeats(_without_site_header(sections, ledger), ledger)
    return _numbered(book, [(section.title, "\n".join(section.lines)) for section in sections])


def even_pieces(lines: list[str], book: str, chapter_chars: int) -> list[Chapter]:
    """Pieces of about `chapter_chars` characters, cut at paragraph ends (at sentence ends in long paragraphs)."""
    text = "\n".join(line.removeprefix(MARK) for line in lines)
    cuts = Cuts(text).evenly(chapter_chars)
    return _numbered(book, [("", text[start:end].strip("\n")) for start, end in cuts])


def _numbered(book: str, parts: list[tuple[str, str]]) -> list[Chapter]:
    whole = [(title, text) for title, text in parts if text.strip()]
    return [Chapter(book, number, title, text) for number, (title, text) in enumerate(whole, 1)]


def _without_empty(sections: list[_Section]) -> tuple[list[_Section], list[list[str]]]:
    """Leave out headings with nothing under them: tables of contents, volume titles, doubled headings.

    One that reads like a sentence is none, and stays as a line of the text. Returns the rest, and the runs of headings
    that go.
    """
    result, gone = [sections[0]], []
    run: list[str] = []
    last = {section.title: place for place, section in enumerate(sections)}
    for place, section in enumerate(sections[1:], 1):
        if not section.lines and _SENTENCE_LIKE.search(section.title) is None:
            run.append(section.title)
            continue
        if not section.lines:
            result[-1].lines.append(section.title)
            continue
        if len(run) >= 3 and last[section.title] > place:
            run.append(section.title)  # the last entry of a table of contents, with what follows the table under it
            section = _Section("", section.lines)
        above = _above(run, section.title)
        gone.append([title for title in run if title not in above])
        run = []
        result.append(_Section(" ".join([*above, section.title]), section.lines))
    return result, [*gone, run]


def _above(run: list[str], title: str) -> list[str]:
    """Of one or two headings without text before a chapter, those of what holds it: 第一卷, 第一章 (before 第一节)."""
    if len(run) > 2 or not title:
        return []
    own = parse_heading(title)
    units = {own.unit if own is not None else ""}
    above: list[str] = []
    for before in reversed(run):
        heading = parse_heading(before)
        if heading is not None and heading.number is not None and heading.unit not in units and len(before) <= 40:
            units.add(heading.unit)
            above.insert(0, before)
    return above


def _note(run: list[str], ledger: Ledger) -> None:
    for title in run:
        ledger.cut("table of contents" if len(run) >= 3 else "heading without text", title)


def _without_site_header(sections: list[_Section], ledger: Ledger) -> list[_Section]:
    """Leave out what stands before the first heading if it holds no sentence: title, author, slogan."""
    result = []
    for section in sections:
        if section.title or any(_PROSE.search(line) for line in section.lines):
            result.append(section)
        else:
            for line in section.lines:
                ledger.cut("lines before the first heading", line)
    return result


def _without_repeats(sections: list[_Section], ledger: Ledger) -> list[_Section]:
    """Leave out chapters that came before: nine tenths of their sentences, and the others but for a letter.

    Where a sentence came first is kept by a checksum; of a book far longer than novels are, of every so many-th
    sentence only, and a repeated chapter may then go unnoticed.
    """
    every = 1 + sum(section.size for section in sections) // _WHOLE
    first: dict[int, int] = {}
    kept: list[_Section] = []
    for section in sections:
        sentences = _sentences(section)
        marks = [mark for sentence in sentences if (mark := crc32(sentence.encode("utf-8", "replace"))) % every == 0]
        owners = Counter(owner for mark in marks if (owner := first.get(mark)) is not None)
        owner, common = max(owners.items(), key=lambda item: item[1], default=(0, 0))
        if common * 3 >= len(marks) > 0 and _is_repeat(sentences, kept[owner]):
            ledger.cut("repeated chapter", section.title + "\n" + "\n".join(section.lines))
            continue
        for mark in marks:
            first.setdefault(mark, len(kept))
        kept.append(section)
    return kept


def _sentences(section: _Section) -> list[str]:
    return [sentence for line in section.lines for sentence in _SENTENCE.findall(line)]


def _is_repeat(sentences: list[str], section: _Section) -> bool:
    """Whether nine tenths of some sentences stand in a section, and each of the others has its like there."""
    old = set(_sentences(section))
    new = [sentence for sentence in sentences if sentence not in old]
    size = sum(map(len, sentences))
    if size < 50 or 10 * sum(map(len, new)) > size:
        return False
    return all(process.extractOne(sentence, old, scorer=fuzz.ratio, score_cutoff=_ALIKE) for sentence in new)
