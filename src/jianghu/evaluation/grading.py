"""Right, abstained or wrong. A question and an answer go in; the verdict comes out."""

from __future__ import annotations

import re
from typing import Literal

from .entities import People
from .metrics import contains
from .questions import Item

Outcome = Literal["right", "abstained", "wrong"]

_BOOK = "(?:书中|书里|原书|原文|小说|文中|故事里|《[^》]*》[里中]?)"
_NOT = "(?:没有|并未|并没有|未曾|不曾|未|没)"
_TOLD = "(?:交代|提到|提及|提|写到|写明|写|说明|明说|说|记载|这个?|这样|此人|此事|$)"
_ABSTAINS = re.compile(
    f"{_BOOK}[^，。！？]{{0,6}}{_NOT}{_TOLD}"
    "|没有(?:交代|提到|提及|写到|写明|说明|记载|这个人|这样的|此人|此事|这回事|这件事)"
    "|未(?:交代|提及|写明|说明|记载)|无法(?:得知|确定|回答)|不得而知|无从(?:得知|知道)"
    "|我(?:不知道|不清楚|答不出)|查无此[人事]"
    "|not (?:mentioned|told|stated)|(?:do not|don't|cannot|can't) (?:know|tell|answer)",
    re.IGNORECASE,
)


def abstains(answer: str) -> bool:
    """Whether the first sentence of an answer says that the book does not tell, or that the model does not know."""
    return _ABSTAINS.search(re.split(r"[。！？!?\n]", answer.strip(), maxsplit=1)[0]) is not None


def grade(item: Item, answer: str, people: People | None = None) -> Outcome:
    """The verdict on an answer.

    Right: it holds an accepted form, and to a who-question names nobody else first. Where the book does not tell,
    to say so is right. Where it does, to say so is apart from wrong: a model that knows what it does not know.
    """
    if contains(answer, item.accepted) and not (
        people and people.another_first(answer, item.accepted, item.question, item.book)
    ):
        return "right"
    if abstains(answer):
        return "right" if item.silent else "abstained"
    return "wrong"
