"""Going on with a run: by its own recipe, which lies beside it, and not by whatever the workspace's says by now.

A run's name and the flags that were given go in; the recipe to go on by, and the checkpoint that it began from, come
out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from ..messages import tr
from ..recipe import Recipe, load_recipe, merge
from ..workspace import Manifest, Workspace, flatten

LENGTH_SETTINGS = {"max_iters", "patience", "eval_interval", "eval_share"}
"""Settings that may change while a run goes on: how long it trains, and how often and how well it looks."""

RATE_SETTINGS = {"learning_rate", "min_lr", "grad_clip"}
"""Settings that may change while a run goes on, so that one which diverged goes on more gently from its last state."""

OTHER_SETTINGS = {
    "save_interval",
    "log_interval",
    "keep_every",
    "sample_prompts",
    "sample_tokens",
    "device",
    "compile",
    "gradient_checkpointing",
    "shard",
}
"""Settings that change nothing in the model that comes out."""


def begun_recipe(
    ws: Workspace, stage: str, name: str, flags: dict[str, object], say: Callable[[str], None]
) -> tuple[Recipe, Path | None] | None:
    """The recipe by which a run goes on, with the flags that it may take, and the checkpoint that it began from.

    Args:
        stage: `pretrain` or `sft`.
        flags: nested dictionaries, such as {"pretrain": {"max_iters": 120}}.
        say: is told what flags change, and where the workspace's recipe differs by now.

    Returns None for a run that has not been begun.

    Raises:
        InputError: a flag would make it another run.
    """
    folder = ws.run(name)
    path, then = folder / "recipe.toml", ws.recorded(folder)
    if not path.exists() or then is None:
        return None
    groups = tuple(then.settings)
    began = load_recipe(path)
    asked = load_recipe(path, flags)
    old, new = _flat(began, groups), _flat(asked, groups)
    changed = [key for key in new if old[key] != new[key]]
    refused = [key for key in changed if _setting(key, stage) not in LENGTH_SETTINGS | RATE_SETTINGS | OTHER_SETTINGS]
    if refused:
        raise InputError(
            tr(
                "{run} was begun with {settings}; with {flags} it would be another run. Leave that out to go on, or "
                "give --restart to begin anew.",
                run=ws.shown(folder),
                settings=", ".join(f"{_name(key)} {old[key]}" for key in refused),
                flags=", ".join(f"--{_name(key).replace('_', '-')} {new[key]}" for key in refused),
            )
        )
    if changed:
        told = ", ".join(f"{_name(key)} {old[key]} → {new[key]}" for key in changed)
        say(tr("{run} goes on with other settings, as given: {changes}", run=ws.shown(folder), changes=told))
    now = _flat(ws.recipe(then.flags or None), groups)
    differing = [key for key in old if key not in changed and now.get(key) != old[key]]
    if differing:
        told = ", ".join(f"{_name(key)} {old[key]} ({now.get(key)})" for key in differing)
        say(
            tr("{run} goes on as it was begun; jianghu.toml differs by now: {settings}", run=folder.name, settings=told)
        )
    return asked.with_flags(merge(then.flags, flags)), _source(ws, then)


def check_resumable(ws: Workspace, folder: Path, now: Manifest) -> None:
    """Refuse to mix runs: all that decides the weights must be as it was, except how long to train, and how fast.

    Raises:
        InputError: an input or a setting changed since the run began; the message names it.
    """
    then = ws.recorded(folder)
    if then is None:
        return
    old, new = flatten(then.settings), flatten(now.settings)
    names = [
        name for name in sorted(then.inputs.keys() | now.inputs.keys()) if then.inputs.get(name) != now.inputs.get(name)
    ]
    names += [
        key
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and key.partition(".")[2] not in LENGTH_SETTINGS | RATE_SETTINGS
    ]
    if names:
        raise InputError(
            tr(
                "{run} cannot be resumed: {names} changed since it began. Change that back, or give --restart.",
                run=ws.shown(folder),
                names=", ".join(names),
            )
        )


def _flat(recipe: Recipe, groups: tuple[str, ...]) -> dict[str, object]:
    return flatten(recipe.model_dump(include=set(groups)))


def _setting(key: str, stage: str) -> str:
    """A setting of the stage without its group; of another group with it."""
    group, _, name = key.partition(".")
    return name if group == stage else key


def _name(key: str) -> str:
    return key.partition(".")[2]


def _source(ws: Workspace, then: Manifest) -> Path | None:
    """The checkpoint whose weights are among the inputs."""
    weights = [ws.root / name for name in then.inputs if name.endswith(".safetensors")]
    if not weights:
        return None
    if not weights[0].exists():
        raise InputError(
            tr("{path}: gone, and the run began from it. Put it back, or give --restart.", path=ws.shown(weights[0]))
        )
    return weights[0].parent
