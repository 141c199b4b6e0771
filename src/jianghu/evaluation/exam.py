"""Exam questions, from a user's file or from records that were kept from training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import read_jsonl


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        answer: the reference answer, for F1 and ROUGE-L.
        accepted: forms of which a right answer holds one; the answer itself where nothing shorter is known.
        group: the row of the table to which it counts: a split or a kind.
    """

    id: str
    question: str
    answer: str
    accepted: tuple[str, ...]
    book: str = ""
    kind: str = ""
    group: str = ""
    about: dict[str, Any] = field(default_factory=dict, compare=False)


def read_exam(path: Path) -> list[Item]:
    """Read an exam: one JSON object a line with `question` and `answer`, and if need be `id`, `aliases`,
    `short_answer`, `book`, `kind` (or `type`).

    Raises:
        InputError: the file is missing, empty, or a line lacks a field or has it in the wrong type.
    """
    items = [_item(row, f"{path}, question {number}", str(number)) for number, row in enumerate(read_jsonl(path), 1)]
    if not items:
        raise InputError(f"{path}: holds no questions. Each line is a JSON object with question and answer.")
    return items


def exam_from_records(rows: Iterable[dict[str, Any]], group: str) -> list[Item]:
    """Exam items of records (rows of data/records/*.jsonl), all counted to `group`."""
    return [_item(row, f"record {row.get('id')}", str(number), group) for number, row in enumerate(rows, 1)]


def _item(row: dict[str, Any], where: str, number: str, group: str | None = None) -> Item:
    for key in ("question", "answer"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise InputError(f"{where}: {key} is missing or empty; it must be a text.")
    aliases = row.get("aliases") or []
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise InputError(f"{where}: aliases must be a list of texts.")
    kind = str(row.get("kind") or row.get("type") or "")
    shortest = row.get("short_answer") or row["answer"]
    return Item(
        id=str(row.get("id") or number),
        question=row["question"].strip(),
        answer=row["answer"].strip(),
        accepted=(str(shortest), *aliases),
        book=str(row.get("book") or ""),
        kind=kind,
        group=kind if group is None else group,
    )
