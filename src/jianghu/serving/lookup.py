"""What the chat page can say about an answer from the books: whose names are in it, and where the truth stands.

A workspace goes in; questions and answers are then looked up in its chapters, names and records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..corpus import Chapter, read_chapters, shelf_lexicons
from ..evaluation import grade, item_of_record
from ..names import Lexicon, Name, famous, strangers_of
from ..records import Record, read_records, record_files
from ..stats import spread
from ..text import normalise
from ..workspace import Workspace

OPENING = (3, 12)
"""Least and most characters of a beginning that the page proposes to continue."""


@dataclass(frozen=True)
class Part:
    """A piece of an answer; `stranger` is the book that the name in it comes from, if it is not the one asked about."""

    text: str
    stranger: str | None = None


class Shelf:
    """The chapters, names and records of one workspace, as they were when it was read.

    Attributes:
        books: the titles, in the order of the shelf.
    """

    def __init__(self, chapters: list[Chapter], lexicons: dict[str, Lexicon], records: list[Record]) -> None:
        self.chapters = {(chapter.book, chapter.chapter): chapter for chapter in chapters}
        self.books = list(dict.fromkeys(chapter.book for chapter in chapters))
        self.records = records
        self._beginnings = [(text, c.book) for c in chapters if (text := _beginning(c.text))]
        self._asked = {normalise(record.question): record for record in reversed(records)}
        texts = {book: "\n".join(c.text for c in chapters if c.book == book) for book in self.books}
        self._strangers = {book: strangers_of(book, texts, lexicons, famous()) for book in self.books}
        owners: dict[str, list[str]] = {}
        for book, lexicon in lexicons.items():
            for name in lexicon.names:
                for form in {name.name, *name.aliases}:
                    owners.setdefault(form, []).append(book)
        self._names = Lexicon(Name(form) for form in owners)
        self._homes = {
            form: owners[form] + [book for book in self.books if book not in owners[form] and form in texts[book]]
            for form in owners
        }

    def record(self, question: str) -> Record | None:
        """The record that asks this question, marks and width aside."""
        return self._asked.get(normalise(question))

    def book_of(self, question: str) -> str | None:
        """The book that a question is about: its record's, the one it names, or the only one that its names are in."""
        if record := self.record(question):
            return record.book
        named = [book for book in self.books if f"《{book}》" in question]
        homes = [set(self._homes[form]) for form in self._names.names_in(question)]
        candidates = named or self.books
        for home in homes:
            candidates = [book for book in candidates if book in home]
        certain = named or homes or len(self.books) == 1
        return candidates[0] if certain and len(candidates) == 1 else None

    def parts(self, question: str, answer: str) -> list[Part]:
        """The answer in pieces, with the names of people who belong to another book than the one asked about."""
        book, parts, at = self.book_of(question), [], 0
        for stranger in self._strangers[book].find(answer) if book else []:
            parts += [Part(answer[at : stranger.start])] if at < stranger.start else []
            parts.append(Part(stranger.form, stranger.home))
            at = stranger.end
        return parts + ([Part(answer[at:])] if at < len(answer) else [])

    def verdict(self, question: str, answer: str) -> dict[str, object] | None:
        """What the records say: the reference, whether the answer holds it, and the place of its evidence."""
        record = self.record(question)
        if record is None:
            return None
        return {
            "reference": record.answer,
            "right": grade(item_of_record(record), answer) == "right",
            "split": record.split,
            "evidence": self._evidence(record),
        }

    def _evidence(self, record: Record) -> dict[str, object] | None:
        chapter = self.chapters.get((record.book, record.chapter or 0))
        if chapter is None or record.start is None or record.end is None or record.end > len(chapter.text):
            return None
        return place(chapter, record.start, record.end)

    def examples(self, count: int, turn: int) -> dict[str, list[dict[str, str]]]:
        """Questions of the records (held out and taught in turn) and beginnings of chapters; another `turn`, others."""
        questions = []
        for splits in (("test", "val"), ("train",)):
            pool = [r for r in self.records if r.split in splits and len(r.question) <= 40]
            pool = [r for r in pool if r.source != "cloze"] or pool  # a person's questions before a program's
            half = min(len(pool), -(-count // 2))
            questions.append([pool[(n + turn) % len(pool)] for n in spread(len(pool), half)])
        mixed = [record for pair in zip(*questions, strict=False) for record in pair] or questions[0] + questions[1]
        begun = self._beginnings
        begun = [begun[(n + turn) % len(begun)] for n in spread(len(begun), min(count, len(begun)))]
        return {
            "questions": [{"text": record.question, "split": record.split} for record in mixed[:count]],
            "beginnings": [{"text": text, "book": book} for text, book in begun],
        }


def place(chapter: Chapter, start: int, end: int) -> dict[str, object]:
    """Where something stands, in the words of the page's routes."""
    return {"book": chapter.book, "chapter": chapter.chapter, "title": chapter.title, "start": start, "end": end}


def _beginning(text: str) -> str:
    """The first clause of a text, without its mark; empty if there is none of a fit length."""
    found = re.match(rf"[^\W\d_、]{{{OPENING[0]},{OPENING[1]}}}(?=[，。：；！？])", text)
    return found[0] if found else ""


def read_shelf(ws: Workspace) -> Shelf:
    """Read the shelf of a workspace; again only when one of its files changed. Empty before `jianghu prepare`."""
    paths = [ws.chapters, *sorted(ws.books.glob("*.lexicon.json")), *record_files(ws.records)]
    stamps = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths if path.exists())
    return _read(ws.root, stamps)


@lru_cache(maxsize=2)
def _read(root: Path, stamps: tuple[tuple[Path, int, int], ...]) -> Shelf:
    ws = Workspace(root)
    chapters = read_chapters(ws.chapters) if ws.chapters.exists() else []
    records = [record for path, _, _ in stamps if path.parent == ws.records for record in read_records(path)]
    return Shelf(chapters, shelf_lexicons(ws.books, chapters), records)
