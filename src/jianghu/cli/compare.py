"""`compare` and `judge`: checkpoints side by side, read by people or by a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from .. import files
from ..errors import InputError
from ..messages import tr
from . import output, place
from .flags import EvalFlags, Json, given

if TYPE_CHECKING:
    from ..evaluation.compare import Line
    from ..evaluation.judge_stage import Judgement

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
    """Ask several checkpoints, and show answers side by side.

    The answers stand in the terminal and in one HTML file.

    Names of another book's people and loops are marked.

    Args:
        checkpoints: Runs' names, RUN/last, RUN/step-020000, or folders.
        questions: One question a line, or JSON objects with `question`; default: free questions about the books of
            the shelf.
        sampled: Below each greedy answer one at the temperature of [sample].
        html: Where to write the page; default: evals/compare.html in the workspace.
    """
    if not checkpoints:
        raise InputError(tr("name at least one checkpoint: {jianghu} compare chat/best chat/last"))
    from ..evaluation import compare_stage
    from ..report.compare_page import compare_page

    ws = place.workspace()
    page = place.path_in(ws, html, "evals/compare.html")
    lines = compare_stage.compare(ws, ws.recipe({"eval": given(settings)}), checkpoints, questions, sampled)
    files.write_text(page, compare_page(checkpoints, lines, sampled))
    if json:
        rows = [
            {
                "question": line.item.question,
                "answers": {
                    name: [answer.model_dump(mode="json") for answer in answers]
                    for name, answers in zip(checkpoints, line.answers, strict=True)
                },
            }
            for line in lines
        ]
        output.as_json(rows)
        return
    output.console.print(_table(checkpoints, lines))
    output.say(tr("page: {path}", path=page))


def _table(names: tuple[str, ...], lines: list[Line]) -> Table:
    from ..evaluation.compare import marked

    table = Table(show_lines=True)
    table.add_column("", ratio=2, overflow="fold")
    for name in names:
        table.add_column(name, ratio=3, overflow="fold")
    for line in lines:
        cells = []
        for answers in line.answers:
            cell = Text()
            for number, answer in enumerate(answers):
                cell.append("\n~ " if number else "")
                cell.append(*VERDICTS[answer.outcome])
                if not answer.answer.strip():
                    cell.append(tr("(empty)"), "dim")
                for text, mark in marked(answer):
                    cell.append(text, STYLES[mark])
            cells.append(cell)
        table.add_row(Text(line.item.question), *cells)
    return table


def judge(
    *checkpoints: str,
    exam: Path | None = None,
    budget: float | None = None,
    settings: EvalFlags = None,
    json: Json = False,
) -> None:
    """Let a teacher grade the answers of an exam.

    It is that of [synth.teacher]; each checkpoint is compared with the first.

    Args:
        checkpoints: As given to `eval`, which must have been run on the same exam.
        exam: The file given to `eval`; default: the workspace's own exam.
        budget: Spend at most so much money in this run, by price_in and price_out.
    """
    if not checkpoints:
        raise InputError(tr("name at least one checkpoint: {jianghu} judge chat"))
    from ..evaluation import judge_stage
    from ..llm.budget import Budget

    ws = place.workspace()
    said = judge_stage.judge(ws, ws.recipe({"eval": given(settings)}), checkpoints, exam, Budget(money=budget))
    if json:
        output.as_json(said.to_dict())
        return
    for line in _verdicts(said, checkpoints[0]):
        output.console.print(line, markup=False, highlight=False)


def _verdicts(said: Judgement, first: str) -> list[str]:
    agreement = said.agreement
    lines = [
        tr(
            "judge {model}: agrees with {answers} marked answers in {same:.0%} (kappa {kappa:.2f})",
            model=said.model,
            answers=agreement.answers,
            same=agreement.same,
            kappa=agreement.kappa,
        )
    ]
    for name, grades in said.graded.items():
        lines.append(
            tr(
                "{name}: fully right {right} of {questions}, mean {mean:.2f} of 1; {unread} replies unread",
                name=name,
                right=grades.right,
                questions=grades.questions,
                mean=grades.mean,
                unread=grades.unread,
            )
        )
    for name, wins in said.preferred.items():
        lines.append(
            tr(
                "{name} beside {first}: better in {better}, worse in {worse}, neither in {tie}, unread {unread}; "
                "p = {p:.2g}",
                name=name,
                first=first,
                better=wins.second,
                worse=wins.first,
                tie=wins.tie,
                unread=wins.unread,
                p=wins.p,
            )
        )
    return lines
