"""What a judge is shown, and what it says: a record and its book's text → a `Claim`; a reply → a `Judgement`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...llm.json_replies import parse_reply
from ...records import Record
from ..checks import FREE

AROUND = 300  # characters before and after the quote that the judge sees

Support = Literal["supported", "contradicted", "not_stated"]

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "because": {"type": "string"},
        "support": {"type": "string", "enum": list(get_args(Support))},
        "self_contained": {"type": "boolean"},
        "complete": {"type": "boolean"},
    },
    "required": ["because", "support", "self_contained", "complete"],
    "additionalProperties": False,
}
"""The reason comes first: a model that has to give it before the verdict judges better."""


@dataclass(frozen=True)
class Claim:
    """A question and an answer, with the quote that is to prove them and the text around it.

    Attributes:
        id: of the record.
    """

    id: str
    book: str
    question: str
    answer: str
    before: str
    quote: str
    after: str

    def values(self) -> dict[str, str]:
        """What is filled into the prompt."""
        names = ("book", "question", "answer", "before", "quote", "after")
        return {name: getattr(self, name) or "（无）" for name in names}


@dataclass(frozen=True)
class Judgement:
    """What a judge said of a claim."""

    support: Support
    self_contained: bool
    complete: bool
    because: str = ""

    @property
    def verdict(self) -> str:
        """`passed`, or the first thing that is wrong."""
        if self.support != "supported":
            return self.support
        if not self.self_contained:
            return "not_self_contained"
        return "passed" if self.complete else "incomplete"


def claim_of(record: Record, texts: Mapping[tuple[str, int], str]) -> Claim | None:
    """The claim of a record; None where there is nothing to judge it by.

    Args:
        texts: (book, chapter) → text.
    """
    if record.chapter is None or record.start is None or record.end is None or record.kind in FREE:
        return None
    text = texts.get((record.book, record.chapter), "")
    quote = text[record.start : record.end]
    if not quote:
        return None
    before, after = text[max(0, record.start - AROUND) : record.start], text[record.end : record.end + AROUND]
    return Claim(record.id, record.book, record.question, record.answer, before, quote, after)


def judgement_of(content: str, finished: bool) -> tuple[Judgement | None, str]:
    """What a reply says, or None and why it says nothing. A verdict outside the list is no verdict.

    Args:
        finished: the judge ended by itself.
    """
    parsed = parse_reply(content, finished, "support")
    if len(parsed.items) != 1:
        return None, parsed.problems[0] if parsed.problems else "several verdicts"
    found = parsed.items[0]
    support: Any = found.get("support")
    alone, whole = found.get("self_contained"), found.get("complete")
    if support not in get_args(Support) or not isinstance(alone, bool) or not isinstance(whole, bool):
        return None, "wrong fields"
    because = found.get("because")
    return Judgement(support, alone, whole, because if isinstance(because, str) else ""), ""
