"""A record as the row that another trainer wants, and back: pure functions of one row.

`Record` goes in, a JSON object comes out; any such object goes in, question and answer come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from ...llm.stream import text_of
from ...llm.thoughts import without_thoughts
from ...records import Record
from ..schemas import FIELD_NAMES

Format = Literal["jsonl", "qa", "alpaca", "sharegpt", "chatml", "parquet"]
"""jsonl and parquet hold all fields of a record; the others hold question and answer."""

DEEPEST = 2  # lists of rows around a row
_TURNS = ("conversations", "messages", "conversation")
_ASKS = ("human", "user")
_ANSWERS = ("gpt", "assistant", "chatgpt", "bing", "bard")
_MORE = ("short_answer", "aliases", "kind", "book", "chapter", "evidence")


def _qa(record: Record) -> dict[str, object]:
    return {"Question": record.question, "Answer": record.answer}


def _alpaca(record: Record) -> dict[str, object]:
    return {"instruction": record.question, "input": "", "output": record.answer}


def _sharegpt(record: Record) -> dict[str, object]:
    turns = (("human", record.question), ("gpt", record.answer))
    return {"id": record.id, "conversations": [{"from": who, "value": text} for who, text in turns]}


def _chatml(record: Record) -> dict[str, object]:
    turns = (("user", record.question), ("assistant", record.answer))
    return {"messages": [{"role": who, "content": text} for who, text in turns]}


ROWS: dict[Format, Callable[[Record], dict[str, object]]] = {
    "jsonl": Record.to_dict,
    "qa": _qa,
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
    "chatml": _chatml,
    "parquet": Record.to_dict,
}
"""How each format writes a record."""


def pairs_in(row: Mapping[str, Any], depth: int = 0) -> Iterator[dict[str, object]]:
    """The questions and answers of a foreign row, whatever its format; none if it has none.

    Each has `question` and `answer`, and of short_answer, aliases, kind, book, chapter and evidence what the row has
    in the type that belongs there; what the answerer thought before it answered is left out.
    """
    fields = {_name(name): value for name, value in row.items()}
    turns = next((fields[name] for name in _TURNS if isinstance(fields.get(name), list)), None)
    if turns is not None:
        yield from _from_turns(turns)
        return
    question, answer = fields.get("question", fields.get("prompt")), fields.get("answer")
    if "instruction" in fields:
        parts = (fields.get(name) for name in ("instruction", "input"))
        question = "\n".join(part for part in parts if isinstance(part, str) and part) or question
    if answer is None:
        answer = next((fields[name] for name in ("output", "response", "completion") if name in fields), None)
    if isinstance(question, str) and isinstance(answer, str):
        yield {**_pair(question, answer), **{name: fields[name] for name in _MORE if _fits(name, fields.get(name))}}
    elif depth < DEEPEST and question is None and answer is None:  # rows inside a row, such as {"records": [...]}
        for rows in row.values():
            for inner in rows if isinstance(rows, list) else ():
                if isinstance(inner, dict):
                    yield from pairs_in(inner, depth + 1)


def _name(name: object) -> str:
    plain = str(name).strip().lower()
    return FIELD_NAMES.get(plain.replace(" ", ""), plain)


def _fits(name: str, value: Any) -> bool:
    """Whether a value is of the type of its field."""
    if name == "aliases":
        return isinstance(value, list) and all(isinstance(alias, str) for alias in value)
    if name == "chapter":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)


def _pair(question: str, answer: str) -> dict[str, object]:
    return {"question": without_thoughts(question).strip(), "answer": without_thoughts(answer).strip()}


def _from_turns(turns: list[Any]) -> Iterator[dict[str, object]]:
    """A pair for each answer, with the question directly before it."""
    asked = ""
    for turn in turns:
        if not isinstance(turn, dict):
            continue
        who, text = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
        if isinstance(text, list):  # OpenAI's parts
            text = text_of(text)
        if who in _ASKS and isinstance(text, str):
            asked = text
        elif who in _ANSWERS and isinstance(text, str) and asked:
            yield _pair(asked, text)
            asked = ""
