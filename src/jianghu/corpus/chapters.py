"""Clean lines → chapters: headings found, a table of contents and repeated chapters left out.

A book without headings is cut into even pieces at paragraph ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from .book import Chapter
from .cuts import Cuts
from .headings import MARK, find_headings
from .ledger import Ledger

_PROSE = re.compile(r"[^。！？!?…]{8,}[。！？!?…]|[a-z]{2,}[^.]{20,}[.!?]")
"""A sentence, as titles, authors and slogans are none."""
_ALIKE = 80
"""Likeness of two sentences in percent from which on one is the other, misspelled."""
_SENTENCE = re.compile(r"[^。！？!?\n]{8,}")


@dataclass
class _Section:
    title: str
    lines: list[str]

    @property
    def size(self) -> int:
        return sum(map(len, self.lines))


def make_chapters(lines: list[str], book: str, clean: bool, ledger: Ledger) -> list[Chapter]:
    """Chapters of a book's lines; an empty list if no line is a heading with text under it."""
    headings = find_headings(lines, book)
    sections = [_Section("", [])]
    for index, line in enumerate(lines):
        if (heading := headings.get(index)) is not None:
            sections.append(_Section(heading.title, []))
            before, _, after = line.removeprefix(MARK).partition(heading.title)
            if before.strip():
                ledger.cut("words before a heading", before + heading.title, 0, len(before))
            if after.strip():
                ledger.cut("page number", heading.title + after, len(heading.title))
        else:
            sections[-1].lines.append(line.removeprefix(MARK))
    sections = _without_empty(sections, ledger)
    if len(sections) < 2:
        return []
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


def _without_empty(sections: list[_Section], ledger: Ledger) -> list[_Section]:
    """Leave out headings with nothing under them: tables of contents, volume titles, doubled headings."""
    result = [sections[0]]
    run: list[str] = []
    for place, section in enumerate(sections[1:], 1):
        later = {other.title for other in sections[place + 1 :]} if len(run) >= 3 and section.lines else set()
        if not section.lines:
            run.append(section.title)
            continue
        if section.title in later:  # the last entry of a table of contents, with what follows the table under it
            run.append(section.title)
            section = _Section("", section.lines)
        for title in run:
            ledger.cut("table of contents" if len(run) >= 3 else "heading without text", title)
        run = []
        result.append(section)
    for title in run:
        ledger.cut("heading without text", title)
    return result


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
    """Leave out chapters that came before: nine tenths of their sentences, and the others but for a letter."""
    first: dict[str, int] = {}
    kept: list[_Section] = []
    for section in sections:
        sentences = _SENTENCE.findall("\n".join(section.lines))
        size = sum(map(len, sentences))
        shared: dict[int, int] = {}
        for sentence in sentences:
            if (owner := first.get(sentence)) is not None:
                shared[owner] = shared.get(owner, 0) + len(sentence)
        owner, common = max(shared.items(), key=lambda item: item[1], default=(0, 0))
        if size >= 50 and 10 * common >= 9 * size and _nearly_in(sentences, first, kept[owner]):
            ledger.cut("repeated chapter", section.title + "\n" + "\n".join(section.lines))
            continue
        for sentence in sentences:
            first.setdefault(sentence, len(kept))
        kept.append(section)
    return kept


def _nearly_in(sentences: list[str], known: dict[str, int], section: _Section) -> bool:
    """Whether every sentence that is not known has its like in a section."""
    new = [sentence for sentence in sentences if sentence not in known]
    if not new:
        return True
    old = _SENTENCE.findall("\n".join(section.lines))
    return all(process.extractOne(sentence, old, scorer=fuzz.ratio, score_cutoff=_ALIKE) for sentence in new)
