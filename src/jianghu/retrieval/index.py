"""The index of a shelf in one SQLite file: passages, names and, for each term, the passages that hold it.

Chapters and lexicons go in; a question finds the passages that match it. A search reads the postings of the question's
terms and nothing else, so it needs no memory to speak of, however many books there are.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from ..corpus import Chapter, cut_passages, read_chapters, shelf_lexicons
from ..errors import InputError
from ..messages import tr
from ..names import Lexicon, Name
from ..workspace import Manifest, Workspace
from .mentions import Mention, find_mentions
from .search import Match, best, bm25
from .terms import marks, name_term, question_terms, terms

PASSAGE_CHARS = 240
"""Aimed length of a passage: read at a glance, and long enough to hold a question's words and its answer."""
WAIT_SECONDS = 60
"""Time that another process has to make the index."""
VERSION = 2
"""Of the index; another one makes it anew."""

_SCHEMA = """
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, book TEXT NOT NULL, chapter INTEGER NOT NULL, title TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, mentions TEXT NOT NULL
);
CREATE TABLE names (book TEXT NOT NULL, name TEXT NOT NULL, aliases TEXT NOT NULL, kind TEXT NOT NULL, times INTEGER);
CREATE TABLE postings (term TEXT PRIMARY KEY, passages BLOB NOT NULL, weights BLOB NOT NULL);
"""
_SELECT = 'SELECT id, book, chapter, title, start, "end", text, mentions FROM passages'


@dataclass(frozen=True)
class Passage:
    """A passage as it is indexed; `mentions` are placed in its text."""

    id: int
    book: str
    chapter: int
    title: str
    start: int
    end: int
    text: str
    mentions: tuple[Mention, ...]


class OpenBook:
    """The passages of a shelf, searchable.

    Args:
        path: the index that `open_book` made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        rows = self._rows("SELECT book, min(id), max(id) FROM passages GROUP BY book ORDER BY min(id)")
        self._stretches = {book: range(low - 1, high) for book, low, high in rows}
        self.books = list(self._stretches)
        self.count = sum(len(stretch) for stretch in self._stretches.values())

    @cached_property
    def lexicons(self) -> dict[str, Lexicon]:
        """The names of each book."""
        names: dict[str, list[Name]] = {book: [] for book in self.books}
        for book, name, aliases, kind in self._rows("SELECT book, name, aliases, kind FROM names ORDER BY rowid"):
            names[book].append(Name(name, tuple(json.loads(aliases)), kind))
        return {book: Lexicon(of_book) for book, of_book in names.items()}

    @cached_property
    def times(self) -> dict[tuple[str, str], int]:
        """How often each book mentions each of its names."""
        return {(book, name): times for book, name, times in self._rows("SELECT book, name, times FROM names")}

    def search(self, question: str, limit: int = 3, also: Mapping[str, float] | None = None) -> list[Match]:
        """The passages that match best, best first; none if no word of the question stands in the books.

        A title in 《》 keeps the search to that book.

        Args:
            also: more terms to look for, with their weights.
        """
        books = self.asked_books(question)
        wanted = question_terms(question, {book: self.lexicons[book] for book in books})
        found = self.rank({**(also or {}), **wanted}, books, limit)
        passages = {passage.id: passage for passage in self.passages([number for number, _ in found])}
        return [
            Match(p.id, p.book, p.chapter, p.title, p.start, p.end, p.text, marks(p.text, wanted), score)
            for p, score in ((passages[number], score) for number, score in found)
        ]

    def asked_books(self, question: str) -> list[str]:
        """The books that a question names in 《》, else all."""
        return [book for book in self.books if f"《{book}》" in question] or self.books

    def ranked(self, question: str, limit: int) -> list[tuple[int, float]]:
        """The ids of the passages that `search` finds, with their scores."""
        books = self.asked_books(question)
        return self.rank(question_terms(question, {book: self.lexicons[book] for book in books}), books, limit)

    def rank(self, wanted: Mapping[str, float], books: Iterable[str], limit: int) -> list[tuple[int, float]]:
        """The ids of the passages of these books that match best, with their scores, best first."""
        rows = self._rows(
            f"SELECT term, passages, weights FROM postings WHERE term IN ({', '.join('?' * len(wanted))})",
            sorted(wanted),
        )
        rows.sort()  # sums of floats depend on their order
        postings = (
            (wanted[term], np.frombuffer(where, np.uint32), np.frombuffer(weights, np.float16))
            for term, where, weights in rows
        )
        found = best(postings, self.count, [self._stretches[book] for book in books], limit)
        return [(index + 1, score) for index, score in found]

    def rarity(self, terms: Iterable[str]) -> dict[str, float]:
        """How rare each term is: log(passages / passages that hold it), half a passage for what none holds."""
        wanted = sorted(set(terms))
        rows: dict[str, int] = {}
        for at in range(0, len(wanted), 800):  # SQLite's least limit of variables is 999
            part = wanted[at : at + 800]
            marks_ = ", ".join("?" * len(part))
            rows |= dict(self._rows(f"SELECT term, length(passages) / 4 FROM postings WHERE term IN ({marks_})", part))
        return {term: math.log(self.count / (rows.get(term, 0) + 0.5)) for term in wanted}

    def passages(self, ids: Iterable[int] | None = None) -> list[Passage]:
        """The passages of these ids, or all, in reading order."""
        if ids is None:
            rows = self._rows(f"{_SELECT} ORDER BY id")
        else:
            wanted = sorted(set(ids))
            rows = self._rows(f"{_SELECT} WHERE id IN ({', '.join('?' * len(wanted))}) ORDER BY id", wanted)
        return [
            Passage(
                number, book, chapter, title, start, end, text, tuple(Mention(*one) for one in json.loads(mentions))
            )
            for number, book, chapter, title, start, end, text, mentions in rows
        ]

    def _rows(self, statement: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        # A connection for each search: SQLite's may not wander between the threads of a server.
        with contextlib.closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(statement, tuple(values)).fetchall()


def open_book(ws: Workspace) -> OpenBook:
    """The index of a workspace's chapters, made anew if they or its names changed since it was made.

    Raises:
        InputError: nothing is prepared yet, or a lexicon file has another shape.
        RunError: another process has been making it for a minute.
    """
    if not ws.chapters.exists():
        raise InputError(tr("{path}: not there yet. `{jianghu} prepare` makes it.", path=ws.shown(ws.chapters)))
    path = ws.data / "openbook.sqlite"
    inputs = ws.hashes([ws.chapters, *sorted(ws.books.glob("*.lexicon.json"))])
    manifest = Manifest(inputs, {"passage_chars": PASSAGE_CHARS, "version": VERSION})
    if ws.why_stale(path, manifest, [path]) is not None:
        with files.lock(path, ws.shown(path), WAIT_SECONDS):
            if ws.why_stale(path, manifest, [path]) is not None:  # whoever held the lock may have made it
                ws.forget(path)
                with files.atomic_path(path) as temporary:
                    chapters = read_chapters(ws.chapters)
                    build(temporary, chapters, shelf_lexicons(ws.books, chapters))
                ws.record(path, manifest)
    return OpenBook(path)


def build(path: Path, chapters: list[Chapter], lexicons: Mapping[str, Lexicon]) -> None:
    """Write the index of some chapters, with the names of their books, to a new file."""
    of_chapter = {(chapter.book, chapter.chapter): chapter for chapter in chapters}
    mentions: dict[tuple[str, int], list[Mention]] = {}
    times: Counter[tuple[str, str]] = Counter()
    for key, chapter in of_chapter.items():
        mentions[key] = find_mentions(chapter.text, lexicons[chapter.book]) if chapter.book in lexicons else []
        times.update((chapter.book, mention.name) for mention in mentions[key])
    held: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    lengths = []
    begun: set[tuple[str, int]] = set()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; {_SCHEMA}")
        for index, passage in enumerate(cut_passages(chapters, PASSAGE_CHARS)):
            key = (passage.book, passage.chapter)
            title, start, end = of_chapter[key].title, passage.start, passage.end
            inside = [
                Mention(m.start - start, m.end - start, m.name, m.short)
                for m in mentions[key]
                if start <= m.start and m.end <= end
            ]
            row = (index + 1, *key, title, start, end, passage.text, json.dumps(inside, ensure_ascii=False))
            database.execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            counted = Counter(terms(passage.text))
            if key not in begun:  # a chapter's title counts to its first passage
                counted.update(terms(title))
                begun.add(key)
            counted.update(name_term(passage.book, mention.name) for mention in inside)
            for term, count in counted.items():
                where, counts = held[term]
                where.append(index)
                counts.append(count)
            lengths.append(len(passage.text))
        relative = np.array(lengths, np.float32) / (np.mean(lengths) if lengths else 1)
        for term in sorted(held):
            found, weights = bm25(*held[term], relative)
            database.execute("INSERT INTO postings VALUES (?, ?, ?)", (term, found.tobytes(), weights.tobytes()))
        for book, lexicon in lexicons.items():
            for name in lexicon.names:
                aliases = json.dumps(name.aliases, ensure_ascii=False)
                row_of_name = (book, name.name, aliases, name.kind, times[book, name.name])
                database.execute("INSERT INTO names VALUES (?, ?, ?, ?, ?)", row_of_name)
        database.execute("COMMIT")
