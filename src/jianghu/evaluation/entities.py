"""Who belongs to which book. Lexicons and texts go in; names of the wrong book, and names said before the right one,
come out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..names import Lexicon, Name
from .questions import Item

IN_PASSING = 20
"""A name that a book has no more often than this, and not in its lexicon, is not one of its people."""


class People:
    """The names of a shelf's books, and of well-known books that are not on it.

    Args:
        lexicons: the names of each book on the shelf.
        texts: the text of each of them.
        elsewhere: names of books that are not on the shelf, by title.
    """

    def __init__(
        self, lexicons: Mapping[str, Lexicon], texts: Mapping[str, str], elsewhere: Mapping[str, Iterable[str]]
    ) -> None:
        self.lexicons = dict(lexicons)
        self.titles = sorted({*lexicons, *elsewhere})
        homes = {title: [Name(name) for name in names] for title, names in elsewhere.items()}
        homes |= {book: lexicon.names for book, lexicon in lexicons.items()}
        self._texts = dict(texts)
        self._strange = {
            book: Lexicon(_strangers(book, texts.get(book, ""), homes, lexicons[book])) for book in lexicons
        }
        self._ranked = {book: _by_mentions(lexicon, texts.get(book, "")) for book, lexicon in lexicons.items()}

    def book_of(self, book: str) -> str:
        """The book of a question: its own, else the only one on the shelf, else none."""
        return book or (next(iter(self.lexicons)) if len(self.lexicons) == 1 else "")

    def strangers(self, answer: str, question: str, reference: str, book: str) -> list[str] | None:
        """Names in an answer that belong to another book only and are in neither question nor reference.

        None if the book is not on the shelf: who belongs to it is not known then.
        """
        book = self.book_of(book)
        if book not in self._strange:
            return None
        said = dict.fromkeys(form for _, form in self._said(answer, book))
        return [form for form in said if form not in question and form not in reference]

    def a_stranger(self, book: str) -> str | None:
        """Somebody who does not belong to a book; None if there is nobody."""
        return next((name.name for name in self._strange[book].names), None) if book in self._strange else None

    def wanted(self, accepted: Iterable[str], book: str) -> Name | None:
        """The person of the book who is asked for; None if the accepted answer is no person's name."""
        lexicon = self.lexicons.get(self.book_of(book))
        forms = set(accepted)
        people = [name for name in (lexicon.names if lexicon else ()) if name.kind == "person"]
        return next((name for name in people if forms & {name.name, *name.aliases}), None)

    def another_between(self, start: int, end: int, answer: str, item: Item) -> bool:
        """Whether an answer to a who-question names somebody else in `answer[start:end]`, before the right person.

        Whoever the question names may be named. False if no accepted form is a person of the book.
        """
        name = self.wanted(item.accepted, item.book)
        if name is None:
            return False
        book = self.book_of(item.book)
        lexicon = self.lexicons[book]
        asked = lexicon.names_in(item.question)
        others = [(at, who) for at, _, who in lexicon.mentions(answer) if who != name.name and who not in asked]
        others += self._said(answer, book)
        return any(start <= at < end and who not in item.question for at, who in others)

    def ranked(self, book: str) -> list[str]:
        """Persons of a book by how often it names them, most often first."""
        return self._ranked.get(self.book_of(book), [])

    def _said(self, answer: str, book: str) -> list[tuple[int, str]]:
        """Strangers in an answer, each with its place; not where the book itself has the same letters in the same
        company (吴用 in 东吴用兵)."""
        text = self._texts.get(book, "")
        return [
            (start, form)
            for start, end, form in self._strange[book].mentions(answer)
            if form not in text
            or not any(
                part[0].isalnum() and part[-1].isalnum() and part in text
                for part in (answer[max(0, start - 1) : end], answer[start : end + 1])
                if len(part) > len(form)
            )
        ]


def _strangers(book: str, text: str, homes: Mapping[str, Iterable[Name]], own: Lexicon) -> list[Name]:
    """Names of other books that this book does not have, or only a few times: in passing, or across two words."""
    known = {form for name in own.names for form in (name.name, *name.aliases)}
    forms = dict.fromkeys(
        form for title, names in homes.items() if title != book for name in names for form in (name.name, *name.aliases)
    )
    return [Name(form) for form in forms if len(form) > 1 and form not in known and text.count(form) <= IN_PASSING]


def _by_mentions(lexicon: Lexicon, text: str) -> list[str]:
    people = {name.name for name in lexicon.names if name.kind == "person"}
    times = Counter(name for _, _, name in lexicon.mentions(text) if name in people)
    return sorted(times, key=lambda name: (-times[name], name))
