"""A record as the row that another trainer wants, and back: pure functions of one row.

`Record` goes in, a JSON object comes out; any such object goes in, question and answer come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from ...records import Record

Format = Literal["jsonl", "qa", "alpaca", "sharegpt", "chatml", "parquet"]
"""jsonl and parquet hold all fields of a record; the others hold question and answer."""

_ASKS = ("human", "user")
_ANSWERS = ("gpt", "assistant", "chatgpt", "bing", "bard")
_MORE = ("short_answer", "aliases", "kind", "book", "chapter", "evidence")


def _qa(record: Record) -> dict[str, Any]:
    return {"Question": record.question, "Answer": record.answer}


def _alpaca(record: Record) -> dict[str, Any]:
    return {"instruction": record.question, "input": "", "output": record.answer}


def _sharegpt(record: Record) -> dict[str, Any]:
    turns = (("human", record.question), ("gpt", record.answer))
    return {"id": record.id, "conversations": [{"from": who, "value": text} for who, text in turns]}


def _chatml(record: Record) -> dict[str, Any]:
    turns = (("user", record.question), ("assistant", record.answer))
    return {"messages": [{"role": who, "content": text} for who, text in turns]}


ROWS: dict[Format, Callable[[Record], dict[str, Any]]] = {
    "jsonl": Record.to_dict,
    "qa": _qa,
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
    "chatml": _chatml,
    "parquet": Record.to_dict,
}
"""How each format writes a record."""


def pairs_in(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The questions and answers of a foreign row, whatever its format; none if it has none.

    Each has `question` and `answer`, and of short_answer, aliases, kind, book, chapter and evidence what the row has.
    """
    fields = {str(name).strip().lower(): value for name, value in row.items()}
    turns = fields.get("conversations", fields.get("messages", fields.get("conversation")))
    if isinstance(turns, list):
        yield from _from_turns(turns)
        return
    question, answer = fields.get("question", fields.get("prompt", fields.get("query"))), fields.get("answer")
    if "instruction" in fields:
        question = "\n".join(str(fields[name]) for name in ("instruction", "input") if fields.get(name))
    if answer is None:
        answer = next((fields[name] for name in ("output", "response", "completion") if name in fields), None)
    if isinstance(question, str) and isinstance(answer, str):
        more = {name: fields[name] for name in _MORE if fields.get(name) is not None}
        yield {"question": question, "answer": answer, **more}


def _from_turns(turns: list[Any]) -> Iterator[dict[str, Any]]:
    """A pair for each answer, with the question directly before it."""
    asked = ""
    for turn in turns:
        if not isinstance(turn, dict):
            continue
        who, text = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
        if who in _ASKS and isinstance(text, str):
            asked = text
        elif who in _ANSWERS and isinstance(text, str) and asked:
            yield {"question": asked, "answer": text}
            asked = ""
