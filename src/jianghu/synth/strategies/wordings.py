"""In which wordings a fact is asked for: kind of question, style and length of the answer, planned and varied. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FORMS = ("正问", "反问", "情境", "判断", "二选一", "经过")
BRIEF = "简问"
"""As somebody types who just wants to know; a model that has seen only exam papers does not understand it."""
FULL_FIRST = 4
"""Wordings of the other forms that come before the first brief ones."""
STYLES = ("书面", "口语", "考题", "追忆")
LENGTHS = ("短", "中", "长")


@dataclass(frozen=True)
class Wording:
    """How a question is to be asked: `form` (正问 forward, 反问 backward, 简问 brief …), `style`, `length`."""

    form: str
    style: str
    length: str

    def __str__(self) -> str:
        return f"{self.form}、{self.style}、{self.length}"


def plan_wordings(key: str, count: int, backward: bool, full_first: int = FULL_FIRST) -> list[Wording]:
    """`count` different wordings for a fact: forward, backward if the fact has another side, then the other forms.

    Where the count is higher than the number of forms, they come again in another style and length. What goes beyond
    `full_first` is brief, up to a half of all. All is a function of the key, such that over many facts every form,
    style and length is met equally often.
    """
    brief = max(0, min(count - full_first, count // 2))
    turn = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    both = ["正问", *(["反问"] if backward else [])]
    others = [form for form in FORMS if form not in ("正问", "反问")]
    forms = both + others[turn % len(others) :] + others[: turn % len(others)]
    wordings = []
    for number in range(count - brief):
        form = forms[number % len(forms)]
        style = STYLES[(turn // 7 + number + number // len(forms)) % len(STYLES)]
        length = "长" if form == "经过" else LENGTHS[(turn // 31 + number + number // len(forms)) % len(LENGTHS)]
        wordings.append(Wording(form, style, length))
    return wordings + [Wording(BRIEF, STYLES[1], LENGTHS[0])] * brief


def plan_text(facts: Sequence[Mapping[str, Any]], plans: Sequence[Sequence[Wording]]) -> str:
    """The facts and their wordings as the prompt shows them."""
    parts = []
    for number, (fact, plan) in enumerate(zip(facts, plans, strict=True), 1):
        lines = [f"卡片 {number}：{fact['statement']}", f"引文：{fact['quote']}", f"答案：{fact['answer']}"]
        if fact["reverse"]:
            lines.append(f"反问答案：{fact['reverse']}")
        lines += [f"题 {place}：{wording}" for place, wording in enumerate(plan, 1)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
