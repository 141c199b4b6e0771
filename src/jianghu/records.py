"""One question with its answer, where in the book it stands, and to which split it belongs.

A row of data/records/*.jsonl goes in, a `Record` comes out, and back. Everything that reads such files reads them here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from . import files
from .errors import InputError

Source = Literal["cloze", "bundled", "written", "manners", "passage", "facts", "basics", "rolling", "import"]
Split = Literal["train", "val", "test"]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Place = Annotated[int, Field(ge=0)]


class Record(BaseModel):
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

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Text
    fact: Text
    wording: Annotated[int, Field(ge=1)]
    kind: Text
    question: Text
    answer: Text
    short_answer: Text
    aliases: Annotated[tuple[str, ...], Field(strict=False)]
    book: Text
    chapter: Annotated[int, Field(ge=1)] | None
    start: Place | None
    end: Place | None
    source: Source
    split: Split

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        if (self.start, self.end) != (None, None) and (
            self.chapter is None or self.start is None or self.end is None or self.start >= self.end
        ):
            raise ValueError(f"start {self.start} and end {self.end} must mark a span of a chapter, or be null")
        return self

    def to_dict(self) -> dict[str, object]:
        """The record as a JSON object."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, row: object, where: str = "record") -> Record:
        """Read a record back.

        Args:
            where: how messages call the row, such as `train.jsonl, line 3`.

        Raises:
            InputError: a field is missing, unknown, of the wrong type, or contradicts another one.
        """
        try:
            return cls.model_validate(row)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "record"
            given = "" if first["type"] in ("missing", "value_error") else f", not {first['input']!r:.60}"
            raise InputError(f"{where}: {field}: {first['msg'].removeprefix('Value error, ')}{given}.") from None


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file of data/records, one by one.

    Raises:
        InputError: the file is missing, or a line of it is no record.
    """
    for number, row in enumerate(files.read_jsonl(path), 1):
        yield Record.from_dict(row, f"{path.name}, line {number}")


RECORD_FILES = ("train", "paraphrase", "val_paraphrase", "val", "test")
"""The files of data/records that hold records, without their suffix."""


def record_files(folder: Path) -> list[Path]:
    """Those files of records that are there; statements.jsonl beside them holds none."""
    return [path for name in RECORD_FILES if (path := folder / f"{name}.jsonl").exists()]


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
