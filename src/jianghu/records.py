"""One question with its answer, where in the book it stands, and to which split it belongs.

A row of data/records/*.jsonl goes in, a `Record` comes out, and back.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from .errors import InputError

Source = Literal["cloze", "bundled", "passage", "facts", "rolling", "import"]
Split = Literal["train", "val", "test"]


@dataclass(frozen=True)
class Record:
    """A question-answer pair with its provenance.

    Attributes:
        id: unique among all records.
        fact: what is asked; records that ask the same in other words share it.
        wording: which of the fact's wordings this is, from 1.
        kind: the sort of question, such as who, where, next.
        short_answer: the shortest right answer; the answer begins with it.
        aliases: other forms that are also right.
        book: the book that is asked about.
        chapter: the chapter of the evidence, from 1; None where no chapter is.
        start, end: the evidence is `text[start:end]` of that chapter's text; None where there is none.
    """

    id: str
    fact: str
    wording: int
    kind: str
    question: str
    answer: str
    short_answer: str
    aliases: tuple[str, ...]
    book: str
    chapter: int | None
    start: int | None
    end: int | None
    source: Source
    split: Split

    def to_dict(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return {**asdict(self), "aliases": list(self.aliases)}

    @classmethod
    def from_dict(cls, row: dict[str, Any], where: str = "record") -> Record:
        """Read a record back.

        Args:
            where: how messages call the row, such as `train.jsonl, line 3`.

        Raises:
            InputError: a field is missing, unknown, of the wrong type, or contradicts another one.
        """
        names = [field.name for field in fields(cls)]
        for name in names:
            if name not in row:
                raise InputError(f"{where}: the field {name!r} is missing. A record has {', '.join(names)}.")
        for name in row:
            if name not in names:
                raise InputError(f"{where}: {name!r} is no field of a record. Remove it.")
        for name in ("id", "fact", "kind", "question", "answer", "short_answer", "book"):
            if not isinstance(row[name], str) or not row[name].strip():
                raise InputError(f"{where}: {name} is {row[name]!r}; it must be a text that is not empty.")
        aliases = row["aliases"]
        if not isinstance(aliases, list | tuple) or not all(isinstance(alias, str) for alias in aliases):
            raise InputError(f"{where}: aliases is {aliases!r}; it must be a list of texts.")
        for name, allowed in (("source", get_args(Source)), ("split", get_args(Split))):
            if row[name] not in allowed:
                raise InputError(f"{where}: {name} is {row[name]!r}; it must be one of {', '.join(allowed)}.")
        if not _whole(row["wording"]) or row["wording"] < 1:
            raise InputError(f"{where}: wording is {row['wording']!r}; it must be a whole number from 1.")
        chapter, start, end = row["chapter"], row["start"], row["end"]
        if chapter is not None and (not _whole(chapter) or chapter < 1):
            raise InputError(f"{where}: chapter is {chapter!r}; it must be a whole number from 1, or null.")
        if (start, end) != (None, None) and not (
            chapter is not None and _whole(start) and _whole(end) and 0 <= start < end
        ):
            raise InputError(f"{where}: start {start!r} and end {end!r} must mark a span of a chapter, or be null.")
        return cls(**{**row, "aliases": tuple(aliases)})


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def split_of(key: str, seed: int, val_fraction: float, test_fraction: float) -> Split:
    """The split of everything that shares `key`: a fact, or a group of facts that would give each other away.

    A function of the key alone, so adding records never moves others. Test takes the keys whose hash is
    lowest and validation those whose hash is highest, so that changing one share does not move the other.
    """
    place = place_of(key, seed)
    if place < test_fraction:
        return "test"
    return "val" if place >= 1 - val_fraction else "train"


def place_of(key: str, seed: int) -> float:
    """A number from 0 to below 1 that follows from the key alone, evenly spread over keys."""
    digest = hashlib.sha256(f"{seed}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
