"""`pretrain` and `sft`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .. import pipeline
from ..recipe import ModelSettings, SftSettings, TrainSettings
from ..training import Result
from ..workspace import Workspace
from . import show
from .flags import flags_of, given

Resume = Annotated[bool, Parameter(negative="", show_default=False, help="Go on where the run was left, exactly.")]
Restart = Annotated[bool, Parameter(negative="", show_default=False, help="Set an older run of this name aside and begin anew.")]


def pretrain(
    *,
    name: str = pipeline.BASE,
    resume: Resume = False,
    restart: Restart = False,
    model: flags_of(ModelSettings) = None,
    settings: flags_of(TrainSettings) = None,
) -> None:
    """Train a model on the books, from nothing.

    Args:
        name: The run's name: everything lies in runs/NAME.
    """
    ws = Workspace(Path())
    recipe = ws.recipe({"pretrain": given(settings), "model": given(model)})
    _done(name, pipeline.train(ws, recipe, "pretrain", name, None, resume, restart, show.console.print))


def sft(
    *,
    name: str = pipeline.CHAT,
    from_: Annotated[str, Parameter(name="--from")] = pipeline.BASE,
    resume: Resume = False,
    restart: Restart = False,
    settings: flags_of(SftSettings) = None,
) -> None:
    """Fine-tune a checkpoint on the question-answer records.

    Args:
        name: The run's name: everything lies in runs/NAME.
        from_: The checkpoint to start from: a run (its best), RUN/step-020000, or a folder.
    """
    ws = Workspace(Path())
    recipe = ws.recipe({"sft": given(settings)})
    source = ws.checkpoint(from_)
    _done(name, pipeline.train(ws, recipe, "sft", name, source, resume, restart, show.console.print))


def _done(name: str, result: Result) -> None:
    show.console.print(
        f"Trained {result.step} steps. Best validation loss {result.best_val:.4f} bits per character at step "
        f"{result.best_step}: runs/{name}/checkpoints/best"
    )
