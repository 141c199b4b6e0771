"""What of the shelf the teacher's facts and questions cover: chapters without facts, people nobody asked about."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from .shelf import Shelf
from .store import Reader

SHOWN = 50  # people without questions that are named, most often mentioned first


def coverage(store: Reader, shelf: Shelf) -> dict[str, Any]:
    """Book → its coverage, by what was accepted.

    Each has `chapters` (chapter, title, characters, facts, records), `people` (in the lexicon, asked about, and the
    most mentioned ones of whom no question speaks, with how often the book names them), and `brief` (one line).
    """
    facts: Counter[tuple[str, int]] = Counter()
    records: Counter[tuple[str, int]] = Counter()
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for kept in store.kept("fact"):
        if kept.passage:
            facts[kept.passage.book, kept.passage.chapter] += 1
    shelf.learn()
    for kept in store.kept("record"):
        book = kept.passage.book if kept.passage else kept.content.get("book", "")
        if book not in shelf.books:
            continue
        chapter = kept.passage.chapter if kept.passage else kept.content.get("chapter")
        if chapter is not None:
            records[book, chapter] += 1
        said = f"{kept.content['question']}\n{kept.content['answer']}"
        asked[book] |= {name for _, name in shelf.known(book).people(said)}
    return {book: _book(book, shelf, facts, records, asked[book]) for book in shelf.books}


def _book(
    book: str, shelf: Shelf, facts: Counter[tuple[str, int]], records: Counter[tuple[str, int]], asked: set[str]
) -> dict[str, Any]:
    chapters = [
        {
            "chapter": chapter.chapter,
            "title": chapter.title,
            "characters": len(chapter.text),
            "facts": facts[book, chapter.chapter],
            "records": records[book, chapter.chapter],
        }
        for chapter in shelf.chapters
        if chapter.book == book
    ]
    known = shelf.known(book)
    mentioned = Counter(name for _, name in known.people(known.text))
    silent = sorted((name for name in mentioned if name not in asked), key=lambda name: (-mentioned[name], name))
    bare = sum(not row["facts"] for row in chapters)
    return {
        "chapters": chapters,
        "people": {
            "known": len(mentioned),
            "asked": len(asked & set(mentioned)),
            "silent": {name: mentioned[name] for name in silent[:SHOWN]},
        },
        "brief": {
            "facts": sum(row["facts"] for row in chapters),
            "records": sum(row["records"] for row in chapters),
            "chapters": len(chapters),
            "chapters_without_facts": bare,
            "people": len(mentioned),
            "people_without_questions": len(silent),
        },
    }
