"""What the demo shows at its end: the loss curve, samples, the exam with answers, five questions, what to do next."""

from __future__ import annotations

from pathlib import Path

import plotext
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .. import files
from ..evaluation import ExamResult
from ..evaluation.columns import explained, filled_columns
from ..evaluation.nearest import nearest_verdict
from ..evaluation.stage import OWN, result_path
from ..messages import tr
from ..model import load_checkpoint
from ..progress import clock
from ..workspace import BASE, CHAT, Workspace
from . import demo_text, output, scores
from .demo_questions import ask_untrained

SIZE = (76, 14)
"""Columns and rows of the loss curve."""
DEFAULT_QUESTION = "诸葛亮是谁？"
"""What the reader is invited to ask, if the model answered nothing right."""


def closing(ws: Workspace, seconds: float) -> None:
    """Print what came out of a demo that took so many seconds, and what to do next."""
    output.console.print(Text.assemble("\n", (tr("Done."), "bold"), f"  {clock(seconds)}\n"))
    output.console.print(tr("bits per character over steps of pretraining; •• training, ⢕⢕ held-out text"))
    output.console.print(_curve(ws.run(BASE) / "metrics.jsonl"), markup=False, highlight=False)
    _samples(ws)
    result = ExamResult.read(result_path(ws, CHAT, OWN))
    output.console.print(scores.exam_table(result.groups, tr("The exam")))
    output.paragraph(str(explained(filled_columns(result.groups.values(), narrow=True))), "dim")
    if _carries_over(result):
        note = tr(
            "What it was taught in a dozen wordings the model also knows in words that it never saw; of facts it was "
            "never asked about it knows next to nothing. That takes more records, bigger models, more time."
        )
        output.paragraph(note, "dim")
    if (nearest := nearest_verdict(result)) is not None:
        output.paragraph(str(nearest), "bold")
    _answers(result)
    opening = tr("Five questions as a reader would ask them; the model was not trained on these words")
    output.console.print(Text(f"\n{opening}", style="bold"))
    question = ask_untrained(ws, load_checkpoint(ws.checkpoint(CHAT))) or answered_right(result) or DEFAULT_QUESTION
    where = Table.grid(padding=(0, 2))
    where.add_column(no_wrap=True)
    where.add_column(overflow="fold")
    for row in demo_text.where(ws.root):
        where.add_row(*map(Text, row))
    output.console.print(Panel(where, title=tr("Where everything lies"), border_style="dim"))
    output.console.print(Panel(demo_text.next_steps(question), title=tr("What next"), border_style="green"))


def _carries_over(result: ExamResult) -> bool:
    """Whether it answers most of what it was taught in new words too, and hardly anything else."""
    shares = {name: scores.accuracy for name, scores in result.groups.items()}
    new, same, never = (shares.get(name, 0.0) for name in ("paraphrase", "trained", "unseen"))
    return new > same / 2 and new > 2 * never


def answered_right(result: ExamResult) -> str | None:
    """A short question about a taught fact that the model answered right in its exam, in new words if it can be."""
    right = [answer for answer in result.answers if answer.correct and answer.group in ("paraphrase", "trained")]
    best = min(right, key=lambda answer: (answer.group != "paraphrase", len(answer.question)), default=None)
    return best.question if best else None


def _curve(path: Path) -> str:
    """Training and validation loss over steps, in bits per character. The legend stands above it: Chinese letters are
    two columns wide, which the plot does not know."""
    rows = files.read_log(path)
    scored = [row for row in rows if "val_bpc" in row]
    tokens_to_bits = scored[-1]["val_bpc"] / scored[-1]["val_loss"]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(*SIZE)
    trained = [row for row in rows if "train_loss" in row]
    plotext.plot(
        [row["step"] for row in trained],
        [row["train_loss"] * tokens_to_bits for row in trained],
        marker="dot",
    )
    plotext.plot([row["step"] for row in scored], [row["val_bpc"] for row in scored], marker="braille")
    return plotext.uncolorize(plotext.build())


def _samples(ws: Workspace) -> None:
    rows = files.read_log(ws.run(BASE) / "samples.jsonl")
    first, last = rows[0]["step"], rows[-1]["step"]
    table = Table(
        title=tr("How it continues the same words, before and after reading"), title_justify="left", show_lines=True
    )
    for step in (first, last):
        table.add_column(tr("step {step}", step=step), ratio=1, overflow="fold")
    for before, after in zip(
        [row for row in rows if row["step"] == first], [row for row in rows if row["step"] == last], strict=False
    ):
        table.add_row(*(Text.assemble((row["prompt"], "bold"), row["text"]) for row in (before, after)))
    output.console.print(table)


def _answers(result: ExamResult) -> None:
    """A right and a wrong answer of each group, so that the numbers have a face."""
    table = Table(title=tr("Some answers, right and wrong"), title_justify="left", show_lines=True)
    for name in (tr("question"), tr("the model's answer"), tr("reference")):
        table.add_column(name, ratio=1, overflow="fold")
    for group in ("trained", "paraphrase", "unseen"):
        for right in (True, False):
            found = [answer for answer in result.answers if answer.group == group and answer.correct is right]
            if found:
                answer = found[len(found) // 2]
                mark = ("✓ ", "green") if right else ("✗ ", "red")
                table.add_row(answer.question, Text.assemble(mark, answer.answer), answer.reference)
    output.console.print(table)
