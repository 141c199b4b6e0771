"""`compare` and `judge`: checkpoints side by side, read by people or by a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from ..errors import InputError
from . import output, place
from .flags import EvalFlags, Json, given

if TYPE_CHECKING:
    from ..evaluation.compare import Line

STYLES = {"plain": "", "loop": "yellow", "stranger": "bold red underline"}
VERDICTS = {"right": ("✓ ", "green"), "wrong": ("✗ ", "red"), "abstained": ("– ", "dim"), None: ("", "")}


def compare(
    *checkpoints: str,
    questions: Path | None = None,
    sampled: Annotated[bool, Parameter(negative="--greedy-only")] = True,
    html: Path | None = None,
    settings: EvalFlags = None,
    json: Json = False,
) -> None:
    """Ask checkpoints the same questions and show their answers side by side, here and in one HTML file.

    Names of another book's people and loops are marked.

    Args:
        checkpoints: Runs' names, RUN/last, RUN/step-020000, or folders.
        questions: One JSON object with `question` a line; default: free questions about the books of the shelf.
        sampled: Below each greedy answer one at the temperature of [sample].
        html: Where to write the page; default: evals/compare.html in the workspace.
    """
    if not checkpoints:
        raise InputError("name at least one checkpoint: jianghu compare chat/best chat/last")
    from ..evaluation import compare_stage

    ws = place.workspace()
    page = place.path_in(ws, html, "evals/compare.html")
    lines = compare_stage.compare(ws, ws.recipe({"eval": given(settings)}), checkpoints, questions, sampled, page)
    if json:
        rows = [
            {"question": line.item.question, "answers": dict(zip(checkpoints, line.answers, strict=True))}
            for line in lines
        ]
        output.as_json(rows)
        return
    output.console.print(_table(checkpoints, lines))
    output.console.print(f"page: {page}")


def _table(names: tuple[str, ...], lines: list[Line]) -> Table:
    from ..evaluation.compare import marked

    table = Table(show_lines=True)
    table.add_column("", ratio=2, overflow="fold")
    for name in names:
        table.add_column(name, ratio=3, overflow="fold")
    for line in lines:
        cells = []
        for rows in line.answers:
            cell = Text()
            for number, row in enumerate(rows):
                cell.append("\n~ " if number else "")
                cell.append(*VERDICTS[row["outcome"]])
                for text, mark in marked(row):
                    cell.append(text, STYLES[mark])
            cells.append(cell)
        table.add_row(Text(line.item.question), *cells)
    return table


def judge(
    *checkpoints: str,
    exam: Path | None = None,
    settings: EvalFlags = None,
    json: Json = False,
) -> None:
    """Let the teacher of [synth.teacher] grade the answers of an exam, and compare each checkpoint with the first.

    Args:
        checkpoints: As given to `eval`, which must have been run on the same exam.
        exam: The file given to `eval`; default: the workspace's own exam.
    """
    if not checkpoints:
        raise InputError("name at least one checkpoint: jianghu judge chat")
    from ..evaluation import judge_stage

    ws = place.workspace()
    said = judge_stage.judge(ws, ws.recipe({"eval": given(settings)}), checkpoints, exam)
    if json:
        output.as_json(said)
        return
    for line in _verdicts(said, checkpoints[0]):
        output.console.print(line, markup=False, highlight=False)


def _verdicts(said: dict[str, Any], first: str) -> list[str]:
    own = said["agreement"]
    lines = [
        f"judge {said['model']}: agrees with {own['answers']} marks set by hand in {own['same']:.0%} "
        f"(kappa {own['kappa']:.2f})"
    ]
    for name, row in said["graded"].items():
        right = row["right"]
        lines.append(
            f"{name}: fully right {right['accuracy']:.1%} ({right['low']:.0%}–{right['high']:.0%}) of "
            f"{row['questions']}, mean {row['mean']:.2f} of 1; {row['unread']} replies unread"
        )
    for name, row in said["preferred"].items():
        lines.append(
            f"{name} beside {first}: better in {row['second']}, worse in {row['first']}, neither in {row['tie']}, "
            f"unread {row['unread']}; p = {row['p']:.2g}"
        )
    return lines
