"""The columns of every table of exam scores, and the names of the exam's groups, in the reader's language.

The terminal, the demo and the report show these; a new column is added here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from ..messages import Both, both
from .results import Scores


@dataclass(frozen=True)
class Column:
    """A column: its heading, what it says of some scores, and a sentence that explains it.

    Attributes:
        on_pages_only: left out on the terminal, which has 80 columns of letters.
    """

    heading: Both
    text: Callable[[Scores], str]
    meaning: Both
    on_pages_only: bool = False


UNKNOWN = "–"
"""What stands for a figure that is not known."""


@cache
def score_columns() -> tuple[Column, ...]:
    """The columns, from left to right."""
    return (
        Column(both("asked"), lambda s: f"{s.questions:,}", both("how many questions were asked")),
        Column(both("right"), lambda s: f"{s.accuracy:.1%}", both("what the answer says first is right")),
        Column(both("95 %"), lambda s: f"{s.low:.0%}–{s.high:.0%}", both("the interval in which the true share lies")),
        Column(
            both("nearest"),
            lambda s: percent(s.baseline),
            both("right answers by repeating what was taught for the question that is most alike"),
        ),
        Column(
            both("book"),
            lambda s: percent(s.book),
            both("right answers of the reader, which looks in the book; where it finds nothing, it says so"),
        ),
        Column(
            both("likelier"),
            lambda s: percent(s.likelier),
            both("right by the likelier of the model's answer and the book's"),
            on_pages_only=True,
        ),
        Column(both("silent"), lambda s: f"{s.abstained:.0%}", both("says not to know where the book does tell")),
        Column(both("holds"), lambda s: percent(s.contains), both("the right words stand somewhere in the answer")),
        Column(both("F1"), lambda s: f"{s.character_f1:.2f}", both("overlap with the reference by characters")),
        Column(both("ROUGE-L"), lambda s: f"{s.rouge_l:.2f}", both("overlap in the same order"), on_pages_only=True),
        Column(both("others"), lambda s: percent(s.wrong_book), both("names somebody of another book")),
        Column(both("loops"), lambda s: f"{s.loops:.0%}", both("goes round in circles")),
        Column(both("ended"), lambda s: f"{s.finished:.0%}", both("ends by itself")),
    )


def filled_columns(rows: Iterable[Scores], narrow: bool = False) -> list[Column]:
    """The columns that hold something in one of these rows at least: without a reader, none of the book's.

    Args:
        narrow: for the terminal.
    """
    known = list(rows)
    columns = [column for column in score_columns() if not (narrow and column.on_pages_only)]
    return [column for column in columns if any(column.text(row) != UNKNOWN for row in known)]


def explained(columns: Sequence[Column]) -> Both:
    """A sentence on what the columns mean."""
    parts = [(column.heading, column.meaning) for column in columns]
    return Both(
        "; ".join(f"{heading.en}: {meaning.en}" for heading, meaning in parts) + ".",
        "；".join(f"{heading.zh}：{meaning.zh}" for heading, meaning in parts) + "。",
    )


def group_name(group: str) -> Both:
    """What people call a group of the exam; a user's own groups keep their names."""
    return _groups().get(group, Both(group or "-", group or "-"))


@cache
def _groups() -> dict[str, Both]:
    return {
        "trained": both("same words"),
        "paraphrase": both("new words"),
        "unseen": both("never asked"),
        "reversed": both("reversed"),
        "unanswerable": both("not told"),
        "wrong_book": both("other book"),
        "all": both("all"),
    }


def percent(value: float | None) -> str:
    """A share without decimals; a dash where it is not known."""
    return UNKNOWN if value is None else f"{value:.0%}"
