"""`plan`: what a recipe costs before it is run."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..progress import clock, short, spinner
from . import output, place
from .flags import Json, ModelFlags, TrainFlags, given


def plan(*, model: ModelFlags = None, settings: TrainFlags = None, json: Json = False) -> None:
    """What the recipe costs here, in tokens, memory and time."""
    from ..training import plan

    ws = place.workspace()
    recipe = ws.recipe({"pretrain": given(settings), "model": given(model)})
    with spinner("Measuring a few steps on this machine …"):
        facts = plan.plan(ws, recipe)
    if json:
        output.as_json(facts)
        return
    _print(facts)


def _print(facts: dict[str, Any]) -> None:
    shelf = facts["shelf"]
    about = "counted" if shelf["prepared"] else "estimated; `jianghu prepare` counts them"
    output.console.print(
        f"The shelf: {shelf['characters']:,} characters, {shelf['train_tokens']:,} training and "
        f"{shelf['val_tokens']:,} validation tokens ({about}), vocabulary {shelf['vocab_size']:,}"
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
    output.console.print("The largest sizes are those that fit with the other one as it is.", style="dim")
    output.console.print(f"Together about {clock(facts['seconds'])} on this machine, as busy as it is now.")


def _rows(run: dict[str, Any]) -> dict[str, str]:
    parts = {f"  {name}": _bytes(size) for name, size in run["memory"].items() if size and name != "total"}
    rows = {
        "parameters": f"{run['parameters']:,}",
        "computed on": f"{run['device']}, {run['dtype']}{', compiled' if run['compiled'] else ''}",
        "optimizer": run["optimizer"],
        "tokens": f"{run['tokens']:,}",
        "tokens a step": f"{run['tokens_per_step']:,}",
        "FLOPs": f"{run['flops']:.2g}",
        "memory": f"{_bytes(run['memory']['total'])} of {_bytes(run['available'])} free",
        **parts,
        "largest block_size here": f"{run['largest_block_size']:,}",
        "largest batch_size here": f"{run['largest_batch_size']:,}",
        "speed": f"{short(run['tokens_per_second'])} tok/s",
        "of the machine's peak": f"{run['mfu']:.0%}",
        "time": clock(run["seconds"]),
    }
    if "epochs" in run:
        rows["epochs"] = f"{run['epochs']:.2f}"
    if "exposures" in run:
        rows["facts in the records"] = f"{run['facts']:,}"
        rows["each fact is seen"] = f"{run['exposures']:,.0f} times"
    return rows


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
