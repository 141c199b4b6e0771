"""`init`, `prepare`, `run`, `status`: a workspace and its stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from rich.text import Text

from .. import files
from ..errors import InputError
from ..messages import tr
from ..progress import spinner
from ..recipe import load_recipe, to_toml
from ..workspace import RECIPE
from . import output, place, scores
from .flags import Json, SplitFlags, TokenizerFlags, given


def init(directory: Path, *, preset: Literal["demo", "seed", "modern"] = "modern") -> None:
    """Make a new workspace with a commented jianghu.toml.

    Args:
        directory: The folder to make.
        preset: demo: 2 cores, minutes. seed: the original report's settings. modern: our best.
    """
    path = directory / RECIPE
    if path.exists():
        raise InputError(tr("{path} already exists; edit it, or choose another folder.", path=path))
    (directory / "books").mkdir(parents=True, exist_ok=True)
    files.write_text(path, to_toml(load_recipe(preset=preset)))
    place.use_root(directory)
    output.console.print(
        tr("Made {path}. Next: {jianghu} books add NOVEL.txt, then {jianghu} run", path=path),
        markup=False,
        soft_wrap=True,
    )


def prepare(
    *,
    tokenizer: TokenizerFlags = None,
    split: SplitFlags = None,
    json: Json = False,
) -> None:
    """Chapters, tokenizer and tokens from the books."""
    from ..dataset import stage as dataset_stage

    ws = place.workspace()
    recipe = ws.recipe({"tokenizer": given(tokenizer), "split": given(split)})
    with spinner("Reading the books, training the tokenizer …"):
        facts = dataset_stage.prepare(ws, recipe)
    output.facts(facts, json)


def run() -> None:
    """Every stage in order, repeating only what is stale."""
    from .. import pipeline
    from ..evaluation import ExamResult

    ws = place.workspace()
    for stage, why, facts in pipeline.run_all(ws, ws.recipe()):
        if why:
            output.console.print(Text.assemble((stage.name, "bold"), f": {why}"))
        elif facts is None:
            output.console.print(Text.assemble((stage.name, "bold"), ": fresh"))
        elif isinstance(facts, ExamResult):
            scores.table(facts)
        else:
            output.facts(facts if isinstance(facts, dict) else vars(facts))


def status(*, json: Json = False) -> None:
    """What is done, what is stale and why, and the checkpoints there are."""
    from .. import pipeline

    ws = place.workspace()
    facts: dict[str, Any] = dict(pipeline.status(ws, ws.recipe()))
    facts["checkpoints"] = ws.checkpoints()
    output.facts(facts, json)
