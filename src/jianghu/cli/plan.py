"""`plan`: what a recipe costs before it is run."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..messages import phrase, tr
from ..progress import clock, short, spinner
from . import output, place
from .flags import Json, ModelFlags, TrainFlags, given


def plan(*, model: ModelFlags = None, settings: TrainFlags = None, json: Json = False) -> None:
    """What the recipe costs here, in tokens, memory and time."""
    from ..training import plan

    ws = place.workspace()
    recipe = ws.recipe({"pretrain": given(settings), "model": given(model)})
    with spinner(tr("Measuring a few steps on this machine …")):
        facts = plan.plan(ws, recipe)
    if json:
        output.as_json(facts)
        return
    _print(facts)


def _print(facts: dict[str, Any]) -> None:
    shelf = facts["shelf"]
    about = tr("counted") if shelf["prepared"] else tr("estimated; `{jianghu} prepare` counts them")
    output.console.print(
        tr(
            "The shelf: {characters:,} characters, {train_tokens:,} training and {val_tokens:,} validation tokens "
            "({about}), vocabulary {vocab_size:,}",
            about=about,
            **{name: shelf[name] for name in ("characters", "train_tokens", "val_tokens", "vocab_size")},
        )
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", "pretrain", "sft"):
        table.add_column(name, no_wrap=True)
    columns = [_rows(facts[stage]) for stage in ("pretrain", "sft")]
    for name in columns[0] | columns[1]:
        table.add_row(name, *(column.get(name, "") for column in columns))
    output.console.print(table)
    for stage in ("pretrain", "sft"):
        if "warning" in facts[stage]:
            output.console.print(facts[stage]["warning"], style="yellow", highlight=False)
    output.console.print(tr("The largest sizes are those that fit with the other one as it is."), style="dim")
    output.say(tr("Together about {time} on this machine, as busy as it is now.", time=clock(facts["seconds"])))


def _rows(run: dict[str, Any]) -> dict[str, str]:
    total, free = _bytes(run["memory"]["total"]), _bytes(run["available"])
    parts = {f"  {phrase(name)}": _bytes(size) for name, size in run["memory"].items() if size and name != "total"}
    rows = {
        tr("parameters"): f"{run['parameters']:,}",
        tr("computed on"): f"{run['device']}, {run['dtype']}" + (f", {tr('compiled')}" if run["compiled"] else ""),
        tr("optimizer"): run["optimizer"],
        tr("tokens"): f"{run['tokens']:,}",
        tr("tokens a step"): f"{run['tokens_per_step']:,}",
        tr("FLOPs"): f"{run['flops']:.2g}",
        tr("memory"): tr("{total} of {free} free", total=total, free=free),
        **parts,
        tr("largest block_size here"): f"{run['largest_block_size']:,}",
        tr("largest batch_size here"): f"{run['largest_batch_size']:,}",
        tr("speed"): f"{short(run['tokens_per_second'])} tok/s",
        tr("of the machine's peak"): f"{run['mfu']:.0%}",
        tr("time"): clock(run["seconds"]),
    }
    if "epochs" in run:
        rows[tr("epochs")] = f"{run['epochs']:.2f}"
    if "exposures" in run:
        rows[tr("facts in the records")] = f"{run['facts']:,}"
        rows[tr("each fact is seen")] = tr("{count:,.0f} times", count=run["exposures"])
    return rows


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
