"""Who does not belong to a book: people of the shelf's other books, and of well-known novels.

A book's text and everybody's names go in; the strangers in another text come out, each with the book it comes from.
Records, gates, exams and the chat page all ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from .lexicon import Lexicon, Name

IN_PASSING = 20
"""A name that a book has no more often than this, and not in its lexicon, is not one of its people."""


class Stranger(NamedTuple):
    """`text[start:end]` names somebody of the book `home`."""

    start: int
    end: int
    form: str
    home: str


@cache
def famous() -> dict[str, tuple[str, ...]]:
    """Title → people of well-known novels."""
    lines = resources.files("jianghu.names").joinpath("famous.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {title: tuple(people) for title, *people in rows}


def famous_elsewhere(text: str, casts: Mapping[str, Iterable[str]] | None = None) -> dict[str, list[str]]:
    """The well-known novels that a text is not, each with those of its people whom the text does not name.

    A file may bear another name than its novel, and half a cast that walks through it says which it is.
    """
    result = {}
    for title, cast in (famous() if casts is None else casts).items():
        people = list(cast)
        absent = [person for person in people if person not in text]
        if 2 * len(absent) > len(people):
            result[title] = absent
    return result


class Strangers:
    """People who do not belong to a book.

    Args:
        book: its title.
        text: all of it.
        own: its names.
        homes: for each other book its names; books that come first claim what several have.

    Attributes:
        names: the forms that are strangers.
    """

    def __init__(self, book: str, text: str, own: Lexicon, homes: Mapping[str, Iterable[Name]]) -> None:
        self._text = text
        known = {form for name in own.names for form in (name.name, *name.aliases)}
        self._home: dict[str, str] = {}
        for title, names in homes.items():
            for name in names if title != book else ():
                # Two characters are too often a word: only what somebody is mainly called counts.
                for form in (name.name, *(alias for alias in name.aliases if len(alias) > 2)):
                    if len(form) > 1 and form not in known and text.count(form) <= IN_PASSING:
                        self._home.setdefault(form, title)
        self.names = list(self._home)
        self._lexicon = Lexicon(map(Name, self.names))

    def find(self, text: str) -> list[Stranger]:
        """The strangers in a text, from left to right; not where the book itself has the same letters in the same
        company (吴用 in 东吴用兵)."""
        return [
            Stranger(start, end, form, self._home[form])
            for start, end, form in self._lexicon.mentions(text)
            if form not in self._text or not self._has_company(text, start, end)
        ]

    def _has_company(self, text: str, start: int, end: int) -> bool:
        """Whether the book has a mention together with the letter before or after it."""
        return any(
            len(part) > end - start and part[0].isalnum() and part[-1].isalnum() and part in self._text
            for part in (text[max(0, start - 1) : end], text[start : end + 1])
        )


def strangers_of(
    book: str, texts: Mapping[str, str], lexicons: Mapping[str, Lexicon], elsewhere: Mapping[str, Iterable[str]]
) -> Strangers:
    """The strangers of one book of a shelf.

    Args:
        texts, lexicons: of every book on the shelf.
        elsewhere: people of books that are not on the shelf, by title.
    """
    text = texts.get(book, "")
    homes: dict[str, list[Name]] = {title: lexicon.names for title, lexicon in lexicons.items()}
    for title in famous_elsewhere(text, elsewhere):
        homes.setdefault(title, [Name(person) for person in elsewhere[title]])
    return Strangers(book, text, lexicons.get(book) or Lexicon([]), homes)
