"""`pretrain`, `sft` and `dpo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..errors import InterruptedByUser
from ..messages import command, tr
from ..workspace import BASE, CHAT, DPO, Workspace
from . import output, place
from .flags import DpoFlags, LoraFlags, ModelFlags, PairFlags, SftFlags, TrainFlags, given, given_to_stages

if TYPE_CHECKING:
    from ..training import Result

Resume = Annotated[
    bool, Parameter(negative="", show_default=False, help="Go on where the run was left, exactly, by its own settings.")
]
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
    lora: LoraFlags = None,
) -> None:
    """Train a model on the books, from nothing or from a checkpoint.

    Args:
        name: The run's name: everything lies in runs/NAME.
    """
    flags: dict[str, object] = {"pretrain": given(settings) | given_to_stages(lora), "model": given(model)}
    _train("pretrain", name, flags, resume, restart)


def sft(
    *,
    name: str = CHAT,
    resume: Resume = False,
    restart: Restart = False,
    settings: SftFlags = None,
    lora: LoraFlags = None,
) -> None:
    """Fine-tune a checkpoint on the question-answer records.

    Args:
        name: The run's name: everything lies in runs/NAME.
    """
    _train("sft", name, {"sft": given(settings) | given_to_stages(lora)}, resume, restart)


def dpo(
    *,
    name: str = DPO,
    from_: Annotated[str, Parameter(name="--from")] = CHAT,
    resume: Resume = False,
    restart: Restart = False,
    pairs_only: Annotated[
        bool, Parameter(negative="", show_default=False, help="Make the pairs in data/preferences and stop.")
    ] = False,
    settings: DpoFlags = None,
    pairs: PairFlags = None,
    lora: LoraFlags = None,
) -> None:
    """Teach a checkpoint which of two answers is better (DPO).

    It is asked training questions, and questions about what the book does not tell; its wrong answers beside the right
    ones, and votes.jsonl, are the pairs.

    Args:
        name: The run's name: everything lies in runs/NAME.
        from_: The checkpoint to start from: a run (its best), RUN/step-002400, or a folder.
    """
    from ..preferences import stage as pair_stage
    from ..training.world import World

    chosen = given(pairs)
    nested = given_to_stages(lora) | ({"pairs": chosen} if chosen else {})
    flags: dict[str, object] = {"dpo": given(settings) | nested}
    ws, world = place.workspace(), World.join()
    if not resume:
        recipe, source = ws.recipe(flags), ws.checkpoint(from_)
        if world.writes and (pairs_only or restart or not ws.run(name).exists()):
            if pair_stage.preferences_stale(ws, recipe, source) is not None:
                pair_stage.tell(pair_stage.make_preferences(ws, recipe, source), output.say)
            else:
                output.say(tr("{folder}: fresh", folder=ws.shown(ws.preferences)))
        world.wait()
    if not pairs_only:
        _train("dpo", name, flags, resume, restart, from_)


def _train(
    stage: str, name: str, flags: dict[str, object], resume: bool, restart: bool, start: str | None = None
) -> None:
    from ..model.sources import find_source
    from ..training import stage as train_stage
    from ..training.resume import begun_recipe

    ws = place.workspace()
    begun = begun_recipe(ws, stage, name, flags, output.say) if resume else None
    if begun:
        recipe, source = begun
    else:
        recipe = ws.recipe(flags)
        start = start or getattr(recipe, stage).init_from
        source = find_source(ws, start, fetch=True, say=output.say) if start else None
    try:
        result = train_stage.train(ws, recipe, stage, name, source, resume, restart, output.say)
    except KeyboardInterrupt:  # before the first step, or a second time while the first one was being obeyed
        raise InterruptedByUser(tr("Stopped. Go on with: {command}", command=_again(ws, stage, name))) from None
    tell(ws, name, result)


def _again(ws: Workspace, stage: str, name: str) -> str:
    """What goes on with a run; before it has begun, the same command once more."""
    begun = (ws.run(name) / "state" / "state.safetensors").exists()
    return command(stage, "--name", name, "--resume") if begun else place.this_command()


def tell(ws: Workspace, name: str, result: Result) -> None:
    """Say how a run ended and where its checkpoints lie."""
    if result.best_score is None:
        best = tr(
            "Best at step {step}: {loss:.4f} bits per character of validation text.",
            step=result.best_step,
            loss=result.best_val,
        )
    else:
        best = tr(
            "Best at step {step}: {score:.1%} of the questions that choose the checkpoint answered right.",
            step=result.best_step,
            score=result.best_score,
        )
    if "val_bpc_old" in result.best_others:
        best += tr(
            " On the books read before {old:.4f}, on the new ones {new:.4f}.",
            old=result.best_others["val_bpc_old"],
            new=result.best_others["val_bpc_new"],
        )
    folder = ws.run(name) / "checkpoints"
    output.say(tr("Trained {steps} steps. {best} Checkpoints: {folder}", steps=result.step, best=best, folder=folder))
