"""`plan`: what a recipe costs before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from ..messages import phrase, tr
from ..progress import clock, short, spinner
from . import output, place
from .flags import Json, LoraFlags, ModelFlags, TrainFlags, given, given_to_stages

if TYPE_CHECKING:
    from ..training.plan import Plan, RunPlan


def plan(*, model: ModelFlags = None, settings: TrainFlags = None, lora: LoraFlags = None, json: Json = False) -> None:
    """What the recipe costs here, in tokens, memory and time."""
    from ..training import plan

    ws = place.workspace()
    recipe = ws.recipe({"pretrain": given(settings) | given_to_stages(lora), "model": given(model)})
    with spinner(tr("Measuring a few steps on this machine …")):
        made = plan.plan(ws, recipe)
    if json:
        output.as_json(made.to_dict())
        return
    _print(made)


def _print(made: Plan) -> None:
    shelf = made.shelf
    about = tr("counted") if shelf.prepared else tr("estimated; `{jianghu} prepare` counts them")
    output.console.print(
        tr(
            "The shelf: {characters:,} characters, {train_tokens:,} training and {val_tokens:,} validation tokens "
            "({about}), vocabulary {vocab_size:,}",
            about=about,
            characters=shelf.characters,
            train_tokens=shelf.train_tokens,
            val_tokens=shelf.val_tokens,
            vocab_size=shelf.vocab_size,
        )
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", *made.runs):
        table.add_column(name, no_wrap=True)
    columns = [_rows(run) for run in made.runs.values()]
    for name in columns[0] | columns[1]:
        table.add_row(name, *(column.get(name, "") for column in columns))
    output.console.print(table)
    for run in made.runs.values():
        for warning in run.warnings:
            output.console.print(warning, style="yellow", highlight=False)
    output.console.print(tr("The largest sizes are those that fit with the other one as it is."), style="dim")
    output.say(tr("Together about {time} on this machine, as busy as it is now.", time=clock(made.seconds)))


def _rows(run: RunPlan) -> dict[str, str]:
    from ..training.rates import optimizer_name

    total, free = _bytes(run.memory["total"]), _bytes(run.available)
    parts = {f"  {phrase(name)}": _bytes(size) for name, size in run.memory.items() if size and name != "total"}
    rows = {
        tr("parameters"): f"{run.parameters:,}",
        **({tr("of which train"): f"{run.trained:,}"} if run.trained != run.parameters else {}),
        tr("computed on"): f"{run.device}, {run.dtype}" + (f", {tr('compiled')}" if run.compiled else ""),
        tr("optimizer"): optimizer_name(run.optimizer),
        tr("learning rate"): f"{run.learning_rate:.3g}",
        tr("tokens"): f"{run.tokens:,}",
        tr("tokens a step"): f"{run.tokens_per_step:,}",
        tr("FLOPs"): f"{run.flops:.2g}",
        tr("memory"): tr("{total} of {free} free", total=total, free=free),
        **parts,
        tr("largest block_size here"): f"{run.largest_block_size:,}",
        tr("largest batch_size here"): f"{run.largest_batch_size:,}",
        tr("speed"): f"{short(run.tokens_per_second)} tok/s",
        tr("of the machine's peak"): f"{run.mfu:.0%}",
        tr("time"): clock(run.seconds),
    }
    epochs = run.exposures.epochs if run.exposures else run.epochs
    if epochs is not None:
        rows[tr("epochs")] = f"{epochs:.2f}"
    if run.exposures:
        rows[tr("facts in the records")] = f"{run.exposures.facts:,}"
        rows[tr("each fact is seen")] = tr("{count:,.0f} times", count=run.exposures.exposures)
    return rows


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
