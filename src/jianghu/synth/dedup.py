"""Records in order go in; those that say again what an earlier one said, or contradict it, come out. Pure.

Questions are compared as sets of character 3-grams: MinHash finds who may be alike, the true Jaccard decides. What has
been seen lies in a temporary SQLite file, so memory does not grow with the number of records.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from rensa import RMinHash

from ..records import Record
from .checks.numerals import numbers_in
from .checks.quote import letters

SAME = 0.8
"""Least Jaccard of two questions that ask the same, if they name the same people and numbers."""
LEAK = 0.7
"""Least Jaccard at which a question in one split gives away the answer to one in another split."""
BANDS, ROWS = 16, 4
"""64 permutations in 16 bands: a pair is looked at with probability 1 - (1 - J⁴)¹⁶, 0.988 at J = 0.7, 0.9998 at 0.8."""
SHORT = 12  # letters; two answers that are shorter are compared as a whole
MAX_ALIKE = 50  # earlier questions that are looked at for one band
CACHE = 32_000  # KiB of the temporary file that SQLite may keep in memory

Why = Literal["repeat", "contradiction", "leak"]
Names = Callable[[str, str], frozenset[str]]
"""(book, text) → the names in it, each in its main form."""


@dataclass(frozen=True)
class Repeat:
    """A record that is left out, and the earlier one that is the reason.

    Attributes:
        why: repeat (same question, same answer), contradiction (same question, another answer), or leak (nearly the
            same question with the same answer, but in another split).
        similarity: Jaccard of the two questions' 3-grams.
    """

    id: str
    of: str
    why: Why
    similarity: float


def no_names(book: str, text: str) -> frozenset[str]:
    """For books without a lexicon."""
    return frozenset()


def find_repeats(records: Iterable[Record], names: Names = no_names) -> Iterator[Repeat]:
    """Go through records in order; each is compared with those before it that were not left out themselves.

    Args:
        names: tells apart questions that differ in little but a name.
    """
    with closing(_Seen()) as seen:
        for record in records:
            repeat = seen.look(record, names)
            if repeat:
                yield repeat


def grams(text: str) -> frozenset[str]:
    """Character 3-grams of a text's letters; of a shorter text, all of it."""
    return _grams(letters(text))


def _grams(plain: str) -> frozenset[str]:
    return frozenset(plain[at : at + 3] for at in range(max(1, len(plain) - 2)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared members of two sets over all of them."""
    return len(one & other) / len(one | other) if one or other else 0.0


@dataclass(frozen=True)
class _Earlier:
    """What is remembered of a record that was let through; `asked` are the letters of its question."""

    id: str
    book: str
    question: str
    asked: str
    answer: str
    short_answer: str
    aliases: str
    split: str

    def agrees(self, record: Record, names: Names) -> bool:
        """Whether two answers to one question can both be right.

        A short answer must stand in the other answer. Of long ones it is only said that they differ if each states
        names or numbers, and they share none: the same thing can be told in many words.
        """
        ours = [form for form in (self.short_answer, *self.aliases.split("\n")) if form]
        theirs = [record.short_answer, *record.aliases]
        if any(letters(form) in letters(record.answer) for form in ours if letters(form)):
            return True
        if any(letters(form) in letters(self.answer) for form in theirs if letters(form)):
            return True
        if min(len(letters(self.short_answer)), len(letters(record.short_answer))) <= SHORT:
            return False
        known = _marks(self.book, self.question, names)
        one = _marks(self.book, self.answer, names) - known
        other = _marks(self.book, record.answer, names) - known
        return not one or not other or bool(one & other)


def _marks(book: str, text: str, names: Names) -> frozenset[str]:
    """Names and numbers of a text: two questions that differ in them are two questions, however alike they look."""
    return names(book, text) | {f"{number:g}" for number in numbers_in(text)}


_COLUMNS = "id, book, question, asked, answer, short_answer, aliases, split"  # the fields of `_Earlier`

_OF_A_BAND = f"SELECT n FROM (SELECT n FROM bands WHERE hash = ? ORDER BY n LIMIT {MAX_ALIKE})"
_ALIKE = f"SELECT {_COLUMNS} FROM seen WHERE n IN ({' UNION '.join([_OF_A_BAND] * BANDS)}) ORDER BY n"


class _Seen:
    """The records that were let through, in a temporary file of SQLite's that goes away with the connection."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA cache_size = -{CACHE}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;"
            f"CREATE TABLE seen (n INTEGER PRIMARY KEY, {_COLUMNS});"
            "CREATE TABLE bands (hash INTEGER, n INTEGER, PRIMARY KEY (hash, n)) WITHOUT ROWID;"
        )

    def close(self) -> None:
        self._db.close()

    def look(self, record: Record, names: Names) -> Repeat | None:
        """What is wrong with a record; if nothing is, it is remembered."""
        asked = letters(record.question)
        own = _grams(asked)
        marks = _marks(record.book, record.question, names)
        bands = _bands(own)
        found: list[tuple[float, _Earlier]] = []
        for earlier in self._candidates(bands):
            likeness = jaccard(own, _grams(earlier.asked))
            near = earlier.book == record.book and likeness >= LEAK
            if near and marks == _marks(earlier.book, earlier.question, names):
                found.append((likeness, earlier))
        # The likest first; of equals the earliest.
        for likeness, earlier in sorted(found, key=lambda pair: -pair[0]):
            agrees = earlier.agrees(record, names)
            if likeness >= SAME:
                return Repeat(record.id, earlier.id, "repeat" if agrees else "contradiction", likeness)
            if agrees and earlier.split != record.split:
                return Repeat(record.id, earlier.id, "leak", likeness)
        self._remember(record, asked, bands)
        return None

    def _candidates(self, bands: list[int]) -> list[_Earlier]:
        return [_Earlier(*row) for row in self._db.execute(_ALIKE, bands)]

    def _remember(self, record: Record, asked: str, bands: list[int]) -> None:
        fields = (record.id, record.book, record.question, asked, record.answer, record.short_answer)
        number = self._db.execute(
            f"INSERT INTO seen ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*fields, "\n".join(record.aliases), record.split),
        ).lastrowid
        self._db.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", [(band, number) for band in bands])


def _bands(grams: frozenset[str]) -> list[int]:
    """Hashes of a text's MinHash, band by band, as SQLite's 64-bit integers."""
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=1)
    sketch.update(sorted(grams))
    digest = sketch.digest()
    return [hash((band, *digest[band * ROWS : (band + 1) * ROWS])) for band in range(BANDS)]
