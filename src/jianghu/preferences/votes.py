"""Votes of the chat page → preference pairs: the answer that a reader found best, beside each of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..dataset import PreferencePair
from ..errors import InputError
from ..files import read_jsonl
from ..messages import tr
from ..text import normalise


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str


class _Vote(BaseModel):
    """A line of votes.jsonl, as far as it is needed."""

    model_config = ConfigDict(extra="ignore")

    question: str
    mode: Literal["ask", "continue"]
    answers: list[_Answer]
    choice: int | Literal["tie", "none"]


def vote_pairs(path: Path, known: Callable[[str], bool]) -> Iterator[PreferencePair]:
    """The pairs of a file of votes; none where there is no file.

    Votes on continuations, ties, and votes for none of the answers say of no answer that it is better.

    Args:
        known: whether a question is the exam's, and must not be learned.

    Raises:
        InputError: a line is no vote.
    """
    for number, row in enumerate(read_jsonl(path) if path.exists() else (), 1):
        try:
            vote = _Vote.model_validate(row)
        except ValidationError as error:
            where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
            raise InputError(
                tr(
                    "{path}, line {number}: no vote ({field}). Take the line out.",
                    path=path,
                    number=number,
                    field=where,
                )
            ) from None
        question = vote.question.strip()
        if vote.mode != "ask" or not isinstance(vote.choice, int) or not 0 <= vote.choice < len(vote.answers):
            continue
        best = vote.answers[vote.choice].text.strip()
        if not best or not question or known(question):
            continue
        others = dict.fromkeys(answer.text.strip() for answer in vote.answers)
        for place, other in enumerate(text for text in others if text and text != best):
            yield PreferencePair(
                id=f"vote-{number}-{place}", fact=f"vote:{normalise(question)}", source="votes", question=question,
                chosen=best, rejected=other,
            )  # fmt: skip
