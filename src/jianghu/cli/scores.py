"""What `eval` and `demo` print of an exam's result: the table by groups, the lines below it, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from ..messages import tr
from .output import console, paragraph

if TYPE_CHECKING:
    from ..evaluation import ExamResult, Scores
    from ..stats import Versus


def table(result: ExamResult) -> None:
    """The table of an exam, and below it what is not counted by group."""
    from ..evaluation.exam_notes import notes

    title = f"{result.exam} · {result.checkpoint}"
    if result.partial:
        title += tr(
            " · only {asked:,} of {questions:,} questions", asked=len(result.answers), questions=result.questions
        )
    console.print(exam_table(result.rows, title))
    for line in notes(result):
        paragraph(line, "dim")


def exam_table(rows: Mapping[str, Scores], title: str) -> Table:
    """Scores by group. In a narrow terminal the groups' names are folded; figures never lose a digit."""
    from ..evaluation.columns import filled_columns, group_name

    columns = filled_columns(rows.values(), narrow=True)
    made = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    made.add_column("", overflow="fold", min_width=4)
    for column in columns:
        made.add_column(str(column.heading), justify="right", no_wrap=True)
    for group, scores in rows.items():
        made.add_row(str(group_name(group)), *(column.text(scores) for column in columns))
    return made


def verdicts(names: Sequence[str], compared: Sequence[Mapping[str, Versus]]) -> None:
    """Whether each further checkpoint is better than the first, by group.

    Args:
        names: of the checkpoints.
        compared: for each but the first, by group.
    """
    from ..evaluation.columns import group_name
    from ..evaluation.nearest import verdict_name
    from ..stats import p_text

    for name, groups in zip(names[1:], compared, strict=True):
        for group, row in groups.items():
            line = tr(
                "{name} beside {first}, {group}: {second:.1%} and {share:.1%} of {questions}, difference "
                "{difference:+.1%} (95 % {low:+.1%} to {high:+.1%}), McNemar {p}: {verdict}",
                name=name,
                first=names[0],
                group=group_name(group or "all"),
                second=row.second,
                share=row.first,
                questions=row.questions,
                difference=row.difference,
                low=row.low,
                high=row.high,
                p=p_text(row.p),
                verdict=verdict_name(row.verdict),
            )
            paragraph(line)
