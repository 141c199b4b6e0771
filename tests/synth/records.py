"""Records for tests that do not care who made them."""

from __future__ import annotations

from typing import Any

from jianghu.records import Record


def record(id: str, question: str, answer: str, **changes: Any) -> Record:
    fields: dict[str, Any] = {
        "id": id,
        "fact": id,
        "wording": 1,
        "kind": "plot",
        "question": question,
        "answer": answer,
        "short_answer": answer.split("。")[0],
        "aliases": (),
        "book": "青峰录",
        "chapter": None,
        "start": None,
        "end": None,
        "source": "passage",
        "split": "train",
    }
    return Record(**{**fields, **changes})
