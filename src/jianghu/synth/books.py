"""The books as the teacher's strategies see them: passages, titles, and what is known of each book's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .. import files
from ..corpus import Chapter, Passage, cut_passages
from ..errors import InputError
from ..llm.store import Kept, Reader
from ..messages import tr
from ..names import Lexicon, Name, find_names
from .checks import Ground, KnownBook, known_books
from .passage_order import spread

MAX_DOUBTFUL = 0.34  # share of its mentions by which another person may claim an alias before it counts for nobody


@dataclass
class Shelf:
    """The chapters of all books.

    Attributes:
        chapters: in order.
        lexicons: names of the books that bring a lexicon file. The others' are what the strategy `lexicon` found, or,
            before it ran, what `find_names` finds.
        store: where that strategy's names are; None: nothing is asked for.
        held: (book, chapter) → spans of the chapter's text on which training is validated. Questions may be about
            them, as about any fact of a book; texts for pretraining may not.
    """

    chapters: Sequence[Chapter]
    lexicons: Mapping[str, Lexicon] = field(default_factory=dict)
    store: Reader | None = None
    held: Mapping[tuple[str, int], Sequence[tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names: dict[str, Lexicon] = {}
        self._known: dict[str, KnownBook] = {}
        self._digest = ""

    @cached_property
    def books(self) -> list[str]:
        """Titles in order."""
        return list(dict.fromkeys(chapter.book for chapter in self.chapters))

    @cached_property
    def titles(self) -> dict[tuple[str, int], str]:
        """(book, chapter) → the chapter's title, or its number where it has none."""
        return {(c.book, c.chapter): c.title or f"第{c.chapter}章" for c in self.chapters}

    def passages(self, size: int, most: int = 0) -> list[Passage]:
        """Passages of about `size` characters, in an order whose every beginning is spread over the shelf.

        Args:
            most: at most so many; 0 takes all.

        Raises:
            InputError: there is no text.
        """
        return spread(self.in_order(size))[: most or None]

    def in_order(self, size: int) -> list[Passage]:
        """Passages of about `size` characters in reading order.

        Raises:
            InputError: there is no text.
        """
        passages = cut_passages(list(self.chapters), size)
        if not passages:
            raise InputError(tr("there is no passage to ask the teacher about: the books hold no chapters."))
        return passages

    def free(self, book: str, chapter: int, start: int, end: int) -> bool:
        """Whether a span of a chapter holds no text on which training is validated."""
        return all(end <= low or high <= start for low, high in self.held.get((book, chapter), ()))

    def learn(self) -> str:
        """Take in the names that the teacher has found so far; return a hash of all names on the shelf."""
        found = merge_names(self.store.kept("name", "lexicon")) if self.store else {}
        self._names = {
            book: self.lexicons[book] if book in self.lexicons else found.get(book) or self._guessed[book]
            for book in self.books
        }
        digest = files.sha256_json({book: list(map(repr, names.names)) for book, names in self._names.items()})
        if digest != self._digest:
            self._digest, self._known = digest, known_books(self._texts, self._names)
        return digest

    def known(self, book: str) -> KnownBook:
        """What is known of a book, as of the last `learn`."""
        if not self._known:
            self.learn()
        return self._known[book]

    def names(self, book: str) -> Lexicon:
        """The names of a book, as of the last `learn`."""
        return self.known(book).lexicon

    def ground(self, passage: Passage, quote: tuple[int, int] | None = None) -> Ground:
        """What a record about a passage is held against."""
        return Ground(passage.text, self.known(passage.book), quote)

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {book: "\n".join(c.full for c in self.chapters if c.book == book) for book in self.books}

    @cached_property
    def _guessed(self) -> dict[str, Lexicon]:
        return {
            book: find_names(c.text for c in self.chapters if c.book == book)
            for book in self.books
            if book not in self.lexicons
        }


def merge_names(kept: Iterable[Kept]) -> dict[str, Lexicon]:
    """The names that a teacher found, passage by passage → a lexicon for each book. The order does not matter.

    A name has the kind that most passages give it, and the aliases that clearly are its own: one that is claimed by
    several names goes to the one with two thirds of the claims, or to none. An alias that is a name itself, with
    aliases of its own, joins neither.
    """
    kinds: dict[str, dict[str, dict[str, int]]] = {}
    claims: dict[str, dict[str, dict[str, int]]] = {}
    for item in kept:
        if item.passage is None:
            continue
        book, name = item.passage.book, item.content["name"]
        _count(kinds.setdefault(book, {}).setdefault(name, {}), item.content["kind"])
        for alias in item.content["aliases"]:
            _count(claims.setdefault(book, {}).setdefault(alias, {}), name)
    return {book: Lexicon(_merged(own, claims.get(book, {}))) for book, own in sorted(kinds.items())}


def _merged(kinds: Mapping[str, Mapping[str, int]], claims: Mapping[str, Mapping[str, int]]) -> list[Name]:
    owner = {}
    for alias, names in claims.items():
        best = min(names, key=lambda name: (-names[name], name))
        if sum(names.values()) - names[best] <= MAX_DOUBTFUL * sum(names.values()):
            owner[alias] = best
    # 玄德, once listed as a name of its own, is 刘备 where another passage says so more often.
    weight = {name: sum(own.values()) for name, own in kinds.items()}
    heads = {name for name in kinds if name not in owner or claims[name][owner[name]] < weight[name]}
    return [
        Name(
            name,
            tuple(sorted(alias for alias, of in owner.items() if of == name and alias not in heads)),
            min(kinds[name], key=lambda kind: (-kinds[name][kind], kind)),  # type: ignore[arg-type]  # checked by `read`
        )
        for name in sorted(heads)
    ]


def _count(counter: dict[str, int], what: str) -> None:
    counter[what] = counter.get(what, 0) + 1
