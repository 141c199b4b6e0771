"""`init`, `prepare`, `run`, `status`: a workspace and its stages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.text import Text

from .. import files
from ..errors import InputError
from ..progress import spinner
from ..recipe import load_recipe, to_toml
from ..workspace import RECIPE, Workspace
from . import output, scores
from .flags import SplitFlags, TokenizerFlags, given

Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False, help="Print JSON.")]


def init(directory: Path, *, preset: Literal["demo", "seed", "modern"] = "modern") -> None:
    """Make a new workspace with a commented jianghu.toml.

    Args:
        directory: The folder to make.
        preset: demo: 2 cores, minutes. seed: the original report's settings. modern: our best.
    """
    path = directory / RECIPE
    if path.exists():
        raise InputError(f"{path} already exists; edit it, or choose another folder.")
    (directory / "books").mkdir(parents=True, exist_ok=True)
    files.write_text(path, to_toml(load_recipe(preset=preset)))
    output.console.print(
        f"Made {path}. Next: jianghu -C {directory} books add NOVEL.txt, then jianghu -C {directory} run"
    )


def prepare(
    *,
    tokenizer: TokenizerFlags = None,
    split: SplitFlags = None,
    json: Json = False,
) -> None:
    """Chapters, tokenizer and tokens from the books."""
    from ..dataset import stage as dataset_stage

    ws = Workspace(Path())
    recipe = ws.recipe({"tokenizer": given(tokenizer), "split": given(split)})
    with spinner("Reading the books, training the tokenizer …"):
        facts = dataset_stage.prepare(ws, recipe)
    output.facts(facts, json)


def run() -> None:
    """Every stage in order, repeating only what is stale."""
    from .. import pipeline

    ws = Workspace(Path())
    for stage, why, facts in pipeline.run_all(ws, ws.recipe()):
        if why:
            output.console.print(Text.assemble((stage.name, "bold"), f": {why}"))
        elif facts is None:
            output.console.print(Text.assemble((stage.name, "bold"), ": fresh"))
        elif isinstance(facts, dict) and "scores" in facts:
            scores.table(facts)
        else:
            output.facts(facts if isinstance(facts, dict) else vars(facts))


def status(*, json: Json = False) -> None:
    """What is done, what is stale and why, and the checkpoints there are."""
    from .. import pipeline

    ws = Workspace(Path())
    facts: dict[str, Any] = dict(pipeline.status(ws, ws.recipe()))
    there = sorted(ws.runs.glob("*/checkpoints/[!.]*/config.json"))
    facts["checkpoints"] = [f"{path.parents[2].name}/{path.parent.name}" for path in there]
    output.facts(facts, json)
