"""`pretrain` and `sft`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..workspace import BASE, CHAT
from . import output, place
from .flags import ModelFlags, SftFlags, TrainFlags, given

if TYPE_CHECKING:
    from ..training import Result

Resume = Annotated[bool, Parameter(negative="", show_default=False, help="Go on where the run was left, exactly.")]
Restart = Annotated[
    bool, Parameter(negative="", show_default=False, help="Set an older run of this name aside and begin anew.")
]


def pretrain(
    *,
    name: str = BASE,
    resume: Resume = False,
    restart: Restart = False,
    model: ModelFlags = None,
    settings: TrainFlags = None,
) -> None:
    """Train a model on the books, from nothing.

    Args:
        name: The run's name: everything lies in runs/NAME.
    """
    from ..training import stage as train_stage

    ws = place.workspace()
    recipe = ws.recipe({"pretrain": given(settings), "model": given(model)})
    _done(name, train_stage.train(ws, recipe, "pretrain", name, None, resume, restart, output.console.print))


def sft(
    *,
    name: str = CHAT,
    from_: Annotated[str, Parameter(name="--from")] = BASE,
    resume: Resume = False,
    restart: Restart = False,
    settings: SftFlags = None,
) -> None:
    """Fine-tune a checkpoint on the question-answer records.

    Args:
        name: The run's name: everything lies in runs/NAME.
        from_: The checkpoint to start from: a run (its best), RUN/step-020000, or a folder.
    """
    from ..training import stage as train_stage

    ws = place.workspace()
    recipe = ws.recipe({"sft": given(settings)})
    source = ws.checkpoint(from_)
    _done(name, train_stage.train(ws, recipe, "sft", name, source, resume, restart, output.console.print))


def _done(name: str, result: Result) -> None:
    output.console.print(
        f"Trained {result.step} steps. Least validation loss {result.best_val:.4f} bits per character at step "
        f"{result.best_step}. Checkpoints best and last: runs/{name}/checkpoints"
    )
