"""Questions × checkpoints, side by side: greedy and sampled answers, with loops and names of the wrong book marked.
Checkpoints and items go in; `Line`s come out, and one HTML page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any, Literal

from jinja2 import Environment, StrictUndefined

from ..generation import Sampling
from ..model import Checkpoint
from ..recipe import EvalSettings
from .degeneration import loop_span
from .questions import Item
from .run_exam import Background, Reply, answer, score_answers

AT_ONCE = 16
"""Questions answered together; fixed, since a row's random numbers follow from its place in the batch."""
Mark = Literal["plain", "loop", "stranger"]


@dataclass(frozen=True)
class Line:
    """One question with what every checkpoint says to it.

    `answers` holds for each checkpoint a row (as of evals/*.json) for each way of writing: greedy first, then sampled.
    """

    item: Item
    answers: tuple[tuple[dict[str, Any], ...], ...]


def ask_all(
    checkpoint: Checkpoint,
    items: Sequence[Item],
    settings: EvalSettings,
    sampling: Sampling | None,
    background: Background,
    on_progress: Callable[[int], None] = lambda done: None,
) -> list[tuple[dict[str, Any], ...]]:
    """What one checkpoint says to each question: greedily, and, with a sampling, once more.

    A sample depends on the sampling's seed and on the question's place in the list.
    """
    ways = [None] if sampling is None else [None, sampling]
    columns: list[list[dict[str, Any]]] = []
    for way in ways:
        replies: list[Reply] = []
        for at in range(0, len(items), AT_ONCE):
            here = way and replace(way, seed=way.seed + at)
            replies += answer(checkpoint, items[at : at + AT_ONCE], settings, here)
            on_progress(len(columns) * len(items) + len(replies))
        columns.append(score_answers(items, replies, background))
    return list(zip(*columns, strict=True))


def marked(row: dict[str, Any]) -> list[tuple[str, Mark]]:
    """An answer in pieces, each plain, part of a loop, or the name of somebody of another book."""
    text: str = row["answer"]
    marks: list[Mark] = ["plain"] * len(text)
    if span := loop_span(text):
        marks[span[0] : span[1]] = ["loop"] * (span[1] - span[0])
    for name in row["wrong_book"] or ():
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


def page(names: Sequence[str], lines: Sequence[Line], sampled: bool) -> str:
    """One self-contained HTML page, in English and Chinese, light and dark; it asks the network for nothing.

    Args:
        names: of the checkpoints, in the order of each line's answers.
        sampled: whether a sample stands below each greedy answer.
    """
    source = resources.files(__package__).joinpath("compare.html.j2").read_text(encoding="utf-8")
    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(source)
    return template.render(names=names, lines=lines, sampled=sampled, marked=marked)
