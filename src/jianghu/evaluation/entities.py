"""Who belongs to which book. Lexicons and texts go in; names of the wrong book, and names said before the right one,
come out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..names import Lexicon, Name, strangers_of
from .questions import Item


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
        self._strangers = {book: strangers_of(book, texts, lexicons, elsewhere) for book in lexicons}
        self._ranked = {book: _by_mentions(lexicon, texts.get(book, "")) for book, lexicon in lexicons.items()}

    def book_of(self, book: str) -> str:
        """The book of a question: its own, else the only one on the shelf, else none."""
        return book or (next(iter(self.lexicons)) if len(self.lexicons) == 1 else "")

    def strangers(self, answer: str, question: str, reference: str, book: str) -> list[str] | None:
        """Names in an answer that belong to another book only and are in neither question nor reference.

        None if the book is not on the shelf: who belongs to it is not known then.
        """
        book = self.book_of(book)
        if book not in self._strangers:
            return None
        said = dict.fromkeys(stranger.form for stranger in self._strangers[book].find(answer))
        return [form for form in said if form not in question and form not in reference]

    def a_stranger(self, book: str) -> str | None:
        """Somebody who does not belong to a book; None if there is nobody."""
        return next(iter(self._strangers[book].names), None) if book in self._strangers else None

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
        others += [(stranger.start, stranger.form) for stranger in self._strangers[book].find(answer)]
        return any(start <= at < end and who not in item.question for at, who in others)

    def ranked(self, book: str) -> list[str]:
        """Persons of a book by how often it names them, most often first."""
        return self._ranked.get(self.book_of(book), [])


def _by_mentions(lexicon: Lexicon, text: str) -> list[str]:
    people = {name.name for name in lexicon.names if name.kind == "person"}
    times = Counter(name for _, _, name in lexicon.mentions(text) if name in people)
    return sorted(times, key=lambda name: (-times[name], name))
