"""Looks a question up in the books. Chapters become an index in SQLite; a question finds the passages that match it.

Chinese has no spaces between words, so what is indexed are characters and pairs of neighbours (宋江道 → 宋 宋江 江
江道 道); the rank is SQLite's BM25 (Robertson and Zaragoza 2009). Single characters count because a novel often
names a person by one (操曰): with them the evidence is among the first three passages for 75 % of the 1,413 questions
written by hand for 三国演义, without them for 66 %, with 水浒传 on the same shelf.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import files
from .corpus import Chapter, cut_passages, read_chapters
from .errors import InputError
from .workspace import Manifest, Workspace

PASSAGE_CHARS = 240
"""Aimed length of a passage: read at a glance, and long enough to hold a question's words and its answer."""
WAIT_SECONDS = 60
"""Time that another process has to make the index."""
VERSION = 1
"""Of the index; another one makes it anew."""
TITLE_WEIGHT = 1.0
"""A match in a chapter's title counts this much of one in the passage."""

_SCHEMA = """
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, book TEXT NOT NULL, chapter INTEGER NOT NULL, title TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE VIRTUAL TABLE grams USING fts5(text, title, content='', tokenize='unicode61 remove_diacritics 0');
"""
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_RUN = re.compile(f"{_HAN.pattern}+|(?:(?!{_HAN.pattern})[^\\W_])+")
_ASKING = re.compile(
    r"请问|请说|什么|甚么|为什么|为何|如何|怎么样?|怎样|多少|是否|有没有|哪[里儿些个位一]?|何[人处时事地物]|谁|几[个次人位回]?|"
    r"分别|叫做|名叫|吗|呢|[的了是在和与被把将]|《[^》]*》|这本书|书中|书里|小说|人物|(?i:\b(?:who|what|where|when|why|how|is|the|of|did|was)\b)"
)
"""Words of questions, which say nothing about where the answer stands."""


@dataclass(frozen=True)
class Found:
    """A passage that matches a question.

    Attributes:
        chapter: position in the book, from 1; `title` is its heading.
        start, end: the passage is `text[start:end]` of the chapter's text.
        marks: where in the passage the question's words stand, half-open and in order.
        score: BM25; higher matches better. Comparable within one answer only.
    """

    book: str
    chapter: int
    title: str
    start: int
    end: int
    text: str
    marks: tuple[tuple[int, int], ...]
    score: float


class OpenBook:
    """The passages of a shelf, searchable.

    Args:
        path: the index that `open_book` made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.books = [book for (book,) in self._rows("SELECT DISTINCT book FROM passages ORDER BY id")]

    def search(self, question: str, limit: int = 3) -> list[Found]:
        """The passages that match best, best first; none if no word of the question stands in the books.

        A title in 《》 keeps the search to that book.
        """
        wanted = set(_grams(_ASKING.sub(" ", question)))
        if not wanted:
            return []
        books = [book for book in self.books if f"《{book}》" in question] or self.books
        match = " OR ".join(f'"{gram}"' for gram in sorted(wanted))
        rows = self._rows(
            'SELECT p.book, p.chapter, p.title, p.start, p."end", p.text, -bm25(grams, 1.0, ?) AS score '
            "FROM grams JOIN passages AS p ON p.id = grams.rowid "
            f"WHERE grams MATCH ? AND p.book IN ({', '.join('?' * len(books))}) "
            "ORDER BY score DESC, p.id LIMIT ?",
            (TITLE_WEIGHT, match, *books, limit),
        )
        return [
            Found(book, chapter, title, start, end, text, _marks(text, wanted), score)
            for book, chapter, title, start, end, text, score in rows
        ]

    def _rows(self, statement: str, values: Iterable[object] = ()) -> list[tuple]:
        # A connection for each search: SQLite's may not wander between the threads of a server.
        with contextlib.closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(statement, tuple(values)).fetchall()


def open_book(ws: Workspace) -> OpenBook:
    """The index of a workspace's chapters, made anew if the chapters changed since it was made.

    Raises:
        InputError: nothing is prepared yet.
        RunError: another process has been making it for a minute.
    """
    if not ws.chapters.exists():
        raise InputError(f"{ws.shown(ws.chapters)}: not there yet. `jianghu prepare` makes it.")
    path = ws.data / "openbook.sqlite"
    manifest = Manifest(ws.hashes([ws.chapters]), {"passage_chars": PASSAGE_CHARS, "version": VERSION})
    if ws.why_stale(path, manifest, [path]) is not None:
        with files.lock(path, ws.shown(path), WAIT_SECONDS):
            if ws.why_stale(path, manifest, [path]) is not None:  # whoever held the lock may have made it
                ws.forget(path)
                with files.atomic_path(path) as temporary:
                    build(temporary, read_chapters(ws.chapters))
                ws.record(path, manifest)
    return OpenBook(path)


def build(path: Path, chapters: list[Chapter]) -> None:
    """Write the index of some chapters to a new file."""
    titles = {(chapter.book, chapter.chapter): chapter.title for chapter in chapters}
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; {_SCHEMA}")
        for number, passage in enumerate(cut_passages(chapters, PASSAGE_CHARS), 1):
            title = titles[passage.book, passage.chapter]
            row = (number, passage.book, passage.chapter, title, passage.start, passage.end, passage.text)
            database.execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            grams = (number, " ".join(_grams(passage.text)), " ".join(_grams(title)))
            database.execute("INSERT INTO grams (rowid, text, title) VALUES (?, ?, ?)", grams)
        database.execute("COMMIT")


def _grams(text: str) -> list[str]:
    """Chinese characters and pairs of neighbours; other words whole, in lower case."""
    grams: list[str] = []
    for run in _RUN.findall(text):
        if _HAN.match(run):
            grams += [run[at : at + size] for at in range(len(run)) for size in (1, 2) if at + size <= len(run)]
        else:
            grams.append(run.lower())
    return grams


def _marks(text: str, wanted: set[str]) -> tuple[tuple[int, int], ...]:
    """Where the wanted pairs and words stand, overlapping ones joined; single characters stand everywhere."""
    spans: list[tuple[int, int]] = []
    for run in _RUN.finditer(text):
        size = 2 if _HAN.match(run[0]) else len(run[0])
        for start in range(run.start(), run.end() - size + 1):
            end = start + size
            if text[start:end].lower() in wanted:
                if spans and spans[-1][1] >= start:
                    start, _ = spans.pop()
                spans.append((start, end))
    return tuple(spans)
