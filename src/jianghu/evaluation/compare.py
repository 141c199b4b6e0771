"""Questions × checkpoints, side by side: greedy and sampled answers, with loops and names of the wrong book marked.
Checkpoints and items go in; `Line`s come out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..generation import Sampling
from ..model import Checkpoint
from ..recipe import EvalSettings
from .degeneration import loop_span
from .questions import Item
from .results import Answer
from .run_exam import Background, Reply, answer, score_answers

AT_ONCE = 16
"""Questions answered together; fixed, since a row's random numbers follow from its place in the batch."""
Mark = Literal["plain", "loop", "stranger"]


@dataclass(frozen=True)
class Line:
    """One question with what every checkpoint says to it.

    `answers` holds for each checkpoint what it said in each way of writing: greedy first, then sampled.
    """

    item: Item
    answers: tuple[tuple[Answer, ...], ...]


def ask_all(
    checkpoint: Checkpoint,
    items: Sequence[Item],
    settings: EvalSettings,
    sampling: Sampling | None,
    background: Background,
    on_progress: Callable[[int], None] = lambda done: None,
) -> list[tuple[Answer, ...]]:
    """What one checkpoint says to each question: greedily, and, with a sampling, once more.

    A sample depends on the sampling's seed and on the question's place in the list.
    """
    ways = [None] if sampling is None else [None, sampling]
    columns: list[list[Answer]] = []
    for way in ways:
        replies: list[Reply] = []
        for at in range(0, len(items), AT_ONCE):
            here = way and replace(way, seed=way.seed + at)
            replies += answer(checkpoint, items[at : at + AT_ONCE], settings, here)
            on_progress(len(columns) * len(items) + len(replies))
        columns.append(score_answers(items, replies, background))
    return list(zip(*columns, strict=True))


def marked(said: Answer) -> list[tuple[str, Mark]]:
    """An answer in pieces, each plain, part of a loop, or the name of somebody of another book."""
    text = said.answer
    marks: list[Mark] = ["plain"] * len(text)
    if span := loop_span(text):
        marks[span[0] : span[1]] = ["loop"] * (span[1] - span[0])
    for name in said.wrong_book or ():
        at = text.find(name)
        while at >= 0:
            marks[at : at + len(name)] = ["stranger"] * len(name)
            at = text.find(name, at + 1)
    pieces: list[tuple[str, Mark]] = []
    for character, mark in zip(text, marks, strict=True):
        if pieces and pieces[-1][1] == mark:
            pieces[-1] = (pieces[-1][0] + character, mark)
        else:
            pieces.append((character, mark))
    return pieces
