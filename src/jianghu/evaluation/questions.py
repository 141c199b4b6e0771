"""Exam questions, from a user's file or from records. Rows go in; `Item`s come out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import read_jsonl, read_text
from ..messages import tr
from ..records import Record

SILENT = frozenset({"unanswerable", "contrast", "absent", "wrong_book"})
"""Kinds of questions to which "the book does not say" is a right answer."""


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        answer: the reference answer, for F1 and ROUGE-L; empty where there is none (a free question).
        accepted: forms of which a right answer holds one; the answer itself where nothing shorter is known.
        options: the choices of a multiple-choice question, the right one first; empty: they are drawn.
        group: the row of the table to which it counts: a group of the shelf's exam, or a kind.
        fact: what is asked, the same for all wordings.
        evidence: what the book says about it; `place` is its chapter, start and end.
    """

    id: str
    question: str
    answer: str
    accepted: tuple[str, ...]
    options: tuple[str, ...] = ()
    book: str = ""
    kind: str = ""
    group: str = ""
    fact: str = ""
    evidence: str = ""
    place: tuple[int, int, int] | None = None

    @property
    def silent(self) -> bool:
        """Whether it is right to say that the book does not tell."""
        return self.kind in SILENT


def read_exam(path: Path) -> list[Item]:
    """Read an exam: one JSON object a line, as docs/evaluation.md describes it.

    Raises:
        InputError: the file is missing, empty, or a line lacks a field or has it in the wrong type.
    """
    return _read(path, "answer")


def read_questions(path: Path) -> list[Item]:
    """Read questions that are to be looked at, not scored: a plain list, one a line, or JSON objects of which only
    `question` is needed.

    Raises:
        InputError: as `read_exam`.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    if any(line.startswith(("{", "[{", '["')) for line in lines) or not any(lines):
        return _read(path)
    return [Item(str(number), line, "", ()) for number, line in enumerate(filter(None, lines), 1)]


def item_of_record(record: Record, group: str = "", evidence: str = "") -> Item:
    """The question of a record, counted to `group`."""
    chapter, start, end = record.chapter, record.start, record.end
    known = chapter is not None and start is not None and end is not None
    return Item(
        id=record.id,
        question=record.question,
        answer=record.answer,
        accepted=(record.short_answer, *record.aliases),
        book=record.book,
        kind=record.kind,
        group=group,
        fact=record.fact,
        evidence=evidence,
        place=(chapter or 0, start or 0, end or 0) if known else None,
    )


def _read(path: Path, *needed: str) -> list[Item]:
    rows = enumerate(read_jsonl(path), 1)
    items = [_item_of(row, f"{path}, question {number}", str(number), *needed) for number, row in rows]
    if not items:
        fields = ("question", *needed)
        raise InputError(
            tr(
                "{path}: holds no questions. Each line is a JSON object with {names}.",
                path=path,
                names=" and ".join(fields),
            )
        )
    return items


def _item_of(row: dict[str, object], where: str, number: str, *needed: str) -> Item:
    """One question of a row.

    Args:
        where: how messages call the row.
        number: its id where it has none.
        needed: fields that must be there besides the question.

    Raises:
        InputError: a field is missing or of the wrong type.
    """
    for key in ("question", *needed):
        if not (text := row.get(key)) or not isinstance(text, str) or not text.strip():
            raise InputError(tr("{where}: {key} is missing or empty; it must be a text.", where=where, key=key))
    aliases, options = (_texts(row.get(key), f"{where}: {key}") for key in ("aliases", "options"))
    answer = _text(row.get("answer"))
    shortest = _text(row.get("short_answer")) or answer
    kind = _text(row.get("kind")) or _text(row.get("type"))
    if options:
        options = (shortest, *(option for option in options if option not in (shortest, answer, *aliases)))
        if len(options) == 1:
            raise InputError(
                tr("{where}: options holds no wrong choice; give at least one beside the answer.", where=where)
            )
    return Item(
        id=_text(row.get("id")) or number,
        question=str(row["question"]).strip(),
        answer=answer,
        accepted=(shortest, *aliases) if shortest else (),
        options=options,
        book=_text(row.get("book")),
        kind=kind,
        group=_text(row.get("group")) or kind,
        fact=_text(row.get("fact")),
        evidence=_text(row.get("evidence")),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InputError(tr("{where} must be a list of texts.", where=where))
    return tuple(value)
