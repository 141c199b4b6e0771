"""What of the shelf the facts and questions cover: chapters without facts, people nobody asked about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TypedDict

from ..llm.store import Reader
from ..records import Record
from .books import Shelf


class ChapterCoverage(TypedDict):
    """A chapter, with how many facts and records are about it."""

    chapter: int
    title: str
    characters: int
    facts: int
    records: int


class PeopleCoverage(TypedDict):
    """People of a book.

    Attributes:
        known: of the lexicon and in the book. asked: of them in some question. silent: in no question, with how often
            the book names them.
    """

    known: int
    asked: int
    silent: dict[str, int]


class Brief(TypedDict):
    """The coverage of a book in figures; `people_without_questions` is None as long as it is not counted."""

    facts: int
    records: int
    chapters: int
    chapters_without_facts: int
    chapters_without_records: int
    people: int
    people_without_questions: int | None


class BookCoverage(TypedDict):
    """What of a book is covered."""

    chapters: list[ChapterCoverage]
    people: PeopleCoverage
    brief: Brief


class Coverage:
    """What is covered, by what was accepted; looked at again and again while another process writes.

    Args:
        shelf: the books, with the people whom questions may be about.
        made: records that are not in the store, such as cloze ones; they cover as well.
    """

    def __init__(self, shelf: Shelf, made: Iterable[Record] = ()) -> None:
        self.shelf = shelf
        self._made = [(row.book, row.chapter, f"{row.question}\n{row.answer}") for row in made]
        self._present: tuple[str, list[int]] | None = None
        self._mentioned: dict[str, Counter[str]] = {}
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._last = self._counted = 0

    def _begin(self) -> None:
        """Learn who is in the books, and know nothing of who was asked about."""
        self.shelf.learn()
        self._mentioned = {book: self._people(book, self.shelf.known(book).text) for book in self.shelf.books}
        self._asked.clear()
        for book, _, text in self._made:
            if book in self._mentioned:
                self._asked[book] |= self._people(book, text).keys()
        self._last = self._counted = 0

    def look(self, store: Reader, most: int | None = None) -> bool:
        """Count the records that came since the last look, at most so many; returns whether all are counted."""
        if (present := store.present()) != self._present:
            self._present = present
            self._begin()
        seen = 0
        for number, book, content in store.newer(self._last, most):
            self._last = number
            if book in self._mentioned:
                self._asked[book] |= self._people(book, f"{content.get('question')}\n{content.get('answer')}").keys()
            seen += 1
        self._counted += seen
        if self._counted > store.verdicts().get("accepted", 0):
            self._begin()  # some were read anew, and counted twice
            return False
        return most is None or seen < most

    def books(self, store: Reader) -> dict[str, BookCoverage]:
        """Book → its coverage, by what was looked at so far."""
        facts, records = store.by_chapter("fact"), Counter(store.by_chapter("record"))
        records.update((book, chapter) for book, chapter, _ in self._made if chapter is not None)
        return {book: self._book(book, facts, records) for book in self.shelf.books}

    def _people(self, book: str, text: str) -> Counter[str]:
        return Counter(name for _, name in self.shelf.known(book).people(text))

    def _book(self, book: str, facts: dict[tuple[str, int], int], records: dict[tuple[str, int], int]) -> BookCoverage:
        chapters: list[ChapterCoverage] = [
            {
                "chapter": chapter.chapter,
                "title": chapter.title,
                "characters": len(chapter.text),
                "facts": facts.get((book, chapter.chapter), 0),
                "records": records.get((book, chapter.chapter), 0),
            }
            for chapter in self.shelf.chapters
            if chapter.book == book
        ]
        mentioned, asked = self._mentioned[book], self._asked[book]
        silent = sorted(mentioned.keys() - asked, key=lambda name: (-mentioned[name], name))
        return {
            "chapters": chapters,
            "people": {
                "known": len(mentioned),
                "asked": len(mentioned) - len(silent),
                "silent": {name: mentioned[name] for name in silent},
            },
            "brief": {
                "facts": sum(row["facts"] for row in chapters),
                "records": sum(row["records"] for row in chapters),
                "chapters": len(chapters),
                "chapters_without_facts": sum(not row["facts"] for row in chapters),
                "chapters_without_records": sum(not row["records"] for row in chapters),
                "people": len(mentioned),
                "people_without_questions": len(silent),
            },
        }


def coverage(store: Reader, shelf: Shelf, made: Iterable[Record] = ()) -> dict[str, BookCoverage]:
    """All that is covered now; see `Coverage` and `Coverage.books`."""
    found = Coverage(shelf, made)
    while not found.look(store):
        pass
    return found.books(store)
