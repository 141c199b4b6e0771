"""Chapters → passages of about equal size, with exact offsets."""

from __future__ import annotations

from collections.abc import Iterable

from .book import Chapter, Passage
from .cuts import Cuts


def cut_passages(chapters: Iterable[Chapter], size: int) -> list[Passage]:
    """Cut every chapter into passages of about `size` characters at paragraph ends, else at sentence ends.

    No passage crosses a chapter; together they cover all text but the line ends between them.

    Returns passages with `chapter.text[passage.start : passage.end] == passage.text`, in reading order.
    """
    passages = []
    for chapter in chapters:
        for start, end in Cuts(chapter.text).evenly(size):
            inside = chapter.text[start:end]
            start += len(inside) - len(inside.lstrip("\n"))
            text = inside.strip("\n")
            if text:
                passages.append(Passage(chapter.book, chapter.chapter, start, start + len(text), text))
    return passages
