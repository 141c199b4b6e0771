"""A language model as judge, where words cannot be compared: grades answers, and says which of two is better.

Rows of answers and something to `ask` go in; grades, wins and the judge's agreement with marked answers come out.
The judge always sees the reference and, where there is one, the evidence; pairs are shown in both orders, and count as
won only if both orders say so (Zheng et al. 2023, arXiv:2306.05685).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from ..chat import Message
from ..files import read_jsonl
from ..stats import mcnemar, share
from .results import Agreement, Graded

Ask = Callable[[list[Message]], str]
"""Sends a conversation, returns what was said; raises what ends the work."""
AskAll = Callable[[Sequence[list[Message]]], list[str]]
"""The same for many conversations at once, answers in their order."""

GRADES = (0, 1, 2)
"""Wrong, partly right, right."""


class Case(Protocol):
    """What a judge is shown of one answer."""

    @property
    def question(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def evidence(self) -> str: ...
    @property
    def answer(self) -> str: ...


class MarkedAnswer(BaseModel):
    """An answer with the grade that people gave it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    reference: str
    answer: str
    grade: int
    evidence: str = ""


class Preferred(BaseModel):
    """How often each of two checkpoints won, and the sign test's p-value that they are equal."""

    model_config = ConfigDict(frozen=True)

    first: int
    second: int
    tie: int
    unread: int
    p: float


_CASE = """\
问题：{question}
参考答案：{reference}
{evidence}"""

_GRADE = """\
你是严格的阅卷人。请只依据参考答案和原文评判，不凭自己的印象；文笔好坏不计，先说对的后又说错的不算全对。

{case}
考生的回答：{answer}

评分：2 = 与参考答案意思相符；1 = 部分相符，或说对了但夹有错误；0 = 错误、答非所问、没有回答。
只输出 JSON：{{"grade": 0、1 或 2, "why": "一句话理由"}}"""

_PAIR = """\
你是严格的阅卷人。请只依据参考答案和原文评判哪个回答更正确；长短和文笔不计，都对或都错就是平手。

{case}
回答 A：{first}
回答 B：{second}

只输出 JSON：{{"better": "A"、"B" 或 "tie", "why": "一句话理由"}}"""


def grade_all(cases: Sequence[Case], ask: AskAll) -> list[int | None]:
    """The grade of each answer, 0 to 2; None where the judge's reply could not be read."""
    replies = ask([_message(_GRADE.format(case=_case(case), answer=case.answer or "（没有回答）")) for case in cases])
    return [{str(grade): grade for grade in GRADES}.get(_field(reply, "grade")) for reply in replies]


def prefer_all(first: Sequence[Case], second: Sequence[Case], ask: AskAll) -> list[str | None]:
    """For each pair of answers to one question `first`, `second`, or `tie`; None where a reply could not be read.

    A judge that changes its mind with the order of the answers gives a tie.
    """
    pairs = list(zip(first, second, strict=True))
    forward = [_message(_PAIR.format(case=_case(a), first=a.answer, second=b.answer)) for a, b in pairs]
    backward = [_message(_PAIR.format(case=_case(a), first=b.answer, second=a.answer)) for a, b in pairs]
    replies = ask([*forward, *backward])
    here = [{"A": "first", "B": "second", "tie": "tie"}.get(_field(reply, "better")) for reply in replies[: len(pairs)]]
    back = [{"B": "first", "A": "second", "tie": "tie"}.get(_field(reply, "better")) for reply in replies[len(pairs) :]]
    return [None if None in both else both[0] if both[0] == both[1] else "tie" for both in zip(here, back, strict=True)]


def graded(grades: Iterable[int | None]) -> Graded:
    """Counts of grades, the share of full ones with its interval, and how many replies could not be read."""
    grades = list(grades)
    read = [grade for grade in grades if grade is not None]
    return Graded(
        questions=len(read),
        unread=len(grades) - len(read),
        grades={str(grade): read.count(grade) for grade in GRADES},
        right=share([grade == max(GRADES) for grade in read]),
        mean=round(sum(read) / len(read) / max(GRADES), 4) if read else 0.0,
    )


def preferred(verdicts: Iterable[str | None]) -> Preferred:
    """Count which of two checkpoints won."""
    counts = Counter("unread" if verdict is None else verdict for verdict in verdicts)
    return Preferred(
        first=counts["first"],
        second=counts["second"],
        tie=counts["tie"],
        unread=counts["unread"],
        p=mcnemar(counts["first"], counts["second"]),
    )


def marked_by_hand() -> list[MarkedAnswer]:
    """Answers with grades that people gave, against which a judge is held: `marked.jsonl`."""
    with resources.as_file(resources.files(__package__).joinpath("marked.jsonl")) as path:
        return [MarkedAnswer(**row) for row in read_jsonl(Path(path))]


def agreement(ours: Sequence[int | None], theirs: Sequence[int]) -> Agreement:
    """How well a judge's grades agree with given ones: equal shares, and Cohen's kappa (1960), which takes off what
    chance would give. Replies that could not be read count as disagreement."""
    count = len(theirs)
    same = sum(a == b for a, b in zip(ours, theirs, strict=True)) / count if count else 0.0
    chance = sum(ours.count(grade) * theirs.count(grade) for grade in GRADES) / count**2 if count else 0.0
    kappa = round((same - chance) / (1 - chance), 4) if chance < 1 else 1.0
    return Agreement(answers=count, same=round(same, 4), kappa=kappa)


def _case(case: Case) -> str:
    evidence = f"原文：{case.evidence}\n" if case.evidence else ""
    return _CASE.format(question=case.question, reference=case.reference, evidence=evidence).strip()


def _message(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def _field(reply: str, name: str) -> str:
    """A field, as text, of the last JSON object in a reply, which may have thoughts before it or a fence around it;
    empty if there is none."""
    for found in reversed(re.findall(r"\{[^{}]*\}", reply)):
        try:
            row = json.loads(found)
        except ValueError:
            continue
        if name in row:
            return str(row[name])
    return ""
