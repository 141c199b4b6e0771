"""Which records are left out, since an earlier one says the same or contradicts them; which are held back for exams.

Questions are compared as sets of character 3-grams: MinHash finds who may be alike, the true Jaccard decides. What has
been seen lies in a temporary SQLite file, so memory does not grow with the number of records.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rensa import RMinHash

from ..records import Record, place_of
from ..text import NEAR, jaccard, ngrams, overlap
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


def find_repeats(records: Iterable[Record], names: Names = no_names, rejected: Container[str] = ()) -> Iterator[Repeat]:
    """Go through records in order; each is compared with those before it that were not left out themselves.

    Args:
        names: tells apart questions that differ in little but a name.
        rejected: ids of records that a person rejected; looked up when a record has come. What says the same is left
            out with them, what contradicts them is not.
    """
    with closing(_Seen(rejected)) as seen:
        for record in records:
            repeat = seen.look(record, names)
            if repeat:
                yield repeat


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

    def __init__(self, rejected: Container[str]) -> None:
        self._rejected = rejected
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
        own = ngrams(asked)
        marks = _marks(record.book, record.question, names)
        bands = _bands(own)
        found: list[tuple[float, _Earlier]] = []
        for earlier in self._candidates(bands):
            likeness = 1.0 if asked == earlier.asked else overlap(own, ngrams(earlier.asked))
            near = earlier.book == record.book and likeness >= LEAK
            if near and marks == _marks(earlier.book, earlier.question, names):
                found.append((likeness, earlier))
        # The likest first; of equals the earliest.
        for likeness, earlier in sorted(found, key=lambda pair: -pair[0]):
            agrees = earlier.agrees(record, names)
            if earlier.id in self._rejected and not (agrees and likeness >= SAME):
                continue
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


def _bands(grams: set[str]) -> list[int]:
    """Hashes of a text's MinHash, band by band, as SQLite's 64-bit integers."""
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=1)
    sketch.update(sorted(grams))
    digest = sketch.digest()
    return [hash((band, *digest[band * ROWS : (band + 1) * ROWS])) for band in range(BANDS)]


RICH = 3
"""A fact with this many times the wordings to hold back gives them all; one with fewer gives one, or none."""


class HeldBack(NamedTuple):
    """Records by what they are for.

    Attributes:
        rest: to train, validate and test with.
        exam: wordings of taught facts for the exam.
        val: wordings of taught facts by which fine-tuning chooses its checkpoint.
    """

    rest: list[Record]
    exam: list[Record]
    val: list[Record]


def hold_back(records: Iterable[Record], share: float, wordings: int, seed: int, val_facts: int = 0) -> HeldBack:
    """Take wordings from facts of the training split.

    A fact with at least `RICH * wordings` wordings gives that many to the exam. Of the others a share gives one. Of
    those with many, `val_facts` give one more, for validation. Facts and wordings are chosen by hash, so that adding
    records never changes what is held back for the exam. A wording that is too like one that is trained on does not
    count as another and is not taken; nor is a fact's last wording. Manners are never examined.

    Args:
        share: of the training facts with few wordings, 0 to 1.
        wordings: of each fact with many.
        val_facts: facts with many wordings that give one more.
    """
    records = list(records)
    facts: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.split == "train" and record.source != "manners":
            facts[record.fact].append(record)
    exam: set[str] = set()
    rich: list[str] = []
    for fact, group in facts.items():
        if wordings and len(group) >= RICH * wordings:
            exam |= {record.id for record in _unlike_the_rest(group, wordings, seed)}
            rich.append(fact)
        elif place_of(f"paraphrase:{fact}", seed) < share:
            exam |= {record.id for record in _unlike_the_rest(group, 1, seed)}
    val: set[str] = set()
    for fact in sorted(rich, key=lambda fact: place_of(f"val:{fact}", seed))[:val_facts]:
        stays = [record for record in facts[fact] if record.id not in exam]
        val |= {record.id for record in _unlike_the_rest(stays, 1, seed)}
    return HeldBack(
        [record for record in records if record.id not in exam | val],
        [record for record in records if record.id in exam],
        [record for record in records if record.id in val],
    )


def _unlike_the_rest(group: Sequence[Record], most: int, seed: int) -> list[Record]:
    """The first wordings by hash, at most so many, that are unlike every one that stays."""
    chosen: list[Record] = []
    for record in sorted(group, key=lambda record: place_of(record.id, seed)):
        rest = [other for other in group if other is not record and other not in chosen]
        if rest and all(jaccard(record.question, other.question) < NEAR for other in rest):
            chosen.append(record)
        if len(chosen) == most:
            break
    return chosen
