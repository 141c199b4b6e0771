"""Who belongs to a book. A name in a text, the book's words and its lexicon go in; who is a stranger comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...names import Lexicon, famous, famous_elsewhere, strangers_of
from .quote import letters

_LEFT = r"(?:^|[，。！？；：、“”‘’「」（）《》\s]|[是由被让请杀救])"
_RIGHT = r"(?=$|[，。！？；：、“”‘’「」（）《》\s]|[的是在把被将和与对向说道])"
_BOUNDED = re.compile(rf"{_LEFT}(?=([\u4e00-\u9fff]{{3}}){_RIGHT})")
_TITLE = re.compile(r"《([^》]+)》")
_NAME_ONLY = re.compile(r"[\u4e00-\u9fff·]{2,5}")


class KnownBook:
    """What the gates know of a book: its words, its names, and the names of other books that it does not hold.

    Args:
        name: the book's title.
        text: all of it.
        lexicon: its names; None if there is none.
        others: lexicons of the shelf's other books, by title.

    Attributes:
        others: titles of other novels: those on the shelf, and well-known ones that are not this one.
    """

    def __init__(
        self, name: str, text: str, lexicon: Lexicon | None, others: Mapping[str, Lexicon] | None = None
    ) -> None:
        self.name, self.text, self.lexicon = name, text, lexicon or Lexicon([])
        self._kinds = {entry.name: entry.kind for entry in self.lexicon.names}
        elsewhere = famous_elsewhere(text)
        self.others = ({*(others or {})} | {*elsewhere}) - {name}
        self._strangers = strangers_of(name, {name: text}, {**(others or {}), name: self.lexicon}, famous())
        everybody = [*self.lexicon.names, *(entry for lexicon in (others or {}).values() for entry in lexicon.names)]
        known = [form for entry in everybody if entry.kind == "person" for form in (entry.name, *entry.aliases)]
        known += [person for people in famous().values() for person in people]
        self._surnames = {form[0] for form in known if len(form) == 3}

    def forms(self, name: str) -> tuple[str, ...]:
        """A name of the lexicon with all its other forms."""
        return (name, *self.lexicon.aliases_of(name))

    def people(self, text: str) -> list[tuple[str, str]]:
        """The persons whom a text mentions: (how it is written, whose name it is), from left to right."""
        return [
            (text[start:end], name)
            for start, end, name in self.lexicon.mentions(text)
            if self._kinds.get(name) == "person"
        ]

    def foreign(self, text: str) -> list[str]:
        """Titles of other novels in a text, and names of their people who do not stand in this book."""
        return sorted(
            self.others & set(_TITLE.findall(text)) | {stranger.form for stranger in self._strangers.find(text)}
        )

    def invented(self, answer: str, short: str, given: str) -> list[str]:
        """What looks like a person's name in an answer, and stands neither in the given text nor in the book.

        Args:
            short: the short answer to a question for a person; empty if another thing was asked for.
            given: passage and question.
        """
        suspects = [match[1] for match in _BOUNDED.finditer(answer)]
        if _NAME_ONLY.fullmatch(short):
            suspects.append(short)
        return sorted(
            {
                name
                for name in suspects
                if (name[0] in self._surnames or name == short) and not named(name, given) and name not in self.text
                if not self.lexicon.names_in(name)
            }
        )


def named(form: str, text: str, around: str = "") -> bool:
    """Whether a text holds a name: as it is; in two parts, as in 姓陈，名宫; or by its given part, as in 维哭拜而受,
    where `around` holds it whole.
    """
    given, there = form[1:], letters(text)
    if letters(form) in there:
        return True
    if not given:
        return False
    parted = re.search(rf"(?:名曰?|[男子女弟]){re.escape(given)}", text) is not None
    return parted or (given in there and letters(form) in letters(around))


def known_books(
    texts: Mapping[str, str], lexicons: Mapping[str, Lexicon], wanted: Iterable[str] | None = None
) -> dict[str, KnownBook]:
    """One `KnownBook` for each book of a shelf, each with the others' names as foreign ones."""
    return {
        book: KnownBook(
            book, texts[book], lexicons.get(book), {other: names for other, names in lexicons.items() if other != book}
        )
        for book in (texts if wanted is None else wanted)
    }
