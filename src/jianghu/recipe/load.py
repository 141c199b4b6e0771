"""How a recipe is read: a preset, then the workspace's `jianghu.toml`, then flags; a `Recipe` comes out, or one
clear line.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .. import files
from ..errors import InputError
from ..messages import phrase, tr
from ..progress import remark
from .model import model_shape
from .recipe import Recipe
from .secrets import KEY, shown
from .training import TrainSettings

PRESETS = ("demo", "evening", "seed", "modern")


def preset_values(name: str) -> dict[str, object]:
    """The settings in which a preset differs from the defaults, as nested dictionaries.

    Raises:
        InputError: there is no preset of this name.
    """
    if name not in PRESETS:
        raise InputError(
            tr(
                "preset {name} does not exist{nearest} The presets: {names}.",
                name=shown(name),
                nearest=nearest(name, PRESETS),
                names=", ".join(PRESETS),
            )
        )
    text = resources.files("jianghu").joinpath(f"presets/{name}.toml").read_text(encoding="utf-8")
    return {"preset": name, **tomllib.loads(text)}


def load_recipe(
    path: Path | None = None, overrides: Mapping[str, object] | None = None, preset: str = "modern"
) -> Recipe:
    """Read a recipe: the preset, then the file, then the overrides (flags).

    Args:
        path: a TOML file; None for the preset alone. Its `preset` key beats the argument `preset`.
        overrides: nested dictionaries, such as {"pretrain": {"max_iters": 120}}.

    Raises:
        InputError: the file cannot be read, a key is unknown, a value has the wrong type or is out of
            range, or settings contradict each other. The message names the file, the key and the fix.
    """
    own: dict[str, object] = {}
    where = f"preset {preset}"
    if path is not None:
        where = str(path)
        if not path.exists():
            raise InputError(tr("{path}: no such recipe. `jianghu init DIR` makes a workspace with one.", path=path))
        try:
            own = tomllib.loads(files.read_text(path))
        except (ValueError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            raise InputError(tr("{path}: not valid TOML: {reason}.", path=path, reason=reason)) from None
    name = own.get("preset", preset)
    if not isinstance(name, str):
        raise InputError(tr("{where}: preset must be one of {names}.", where=where, names=", ".join(PRESETS)))
    values = merge(preset_values(name), whole_paths(present(own, where), path.parent) if path else own)
    alone = build(values, where)  # so that a fault of the file is not blamed on the flags
    if not overrides:
        check(alone, where)
        return alone
    flags = whole_paths(overrides, Path())
    recipe = build(merge(values, flags), tr("the flags")).with_flags(flags)
    try:
        check(alone, where)
    except InputError:  # which flags may mend
        check(recipe, where)
    check(recipe, tr("the flags"))
    return recipe


RENAMED = {("synth", "judge", "trials"): "calibration_size"}
"""Settings that had another name once: where they stand → what they are called now."""


def present(values: dict[str, object], where: str) -> dict[str, object]:
    """Settings of a file as they are written now: old names still count, with a line that names the new one.

    Args:
        where: the file, for that line.
    """
    result = dict(values)
    synth = result.get("synth")
    if isinstance(synth, dict) and isinstance(synth.get("teacher"), str):  # the name alone
        result["synth"] = {**synth, "teacher": {"teacher": synth["teacher"]}}
    for (*groups, old), new in RENAMED.items():
        result = renamed(result, groups, old, new, where)
    return result


def renamed(values: dict[str, object], groups: Sequence[str], old: str, new: str, where: str) -> dict[str, object]:
    """Values in which a key has its new name, with a line that says so.

    Args:
        groups: the tables in which it stands, from the outside.
        where: the file, for that line.
    """
    if not groups:
        if old not in values or new in values:
            return values
        remark(tr("{file}: {old} is now called {new}; the old name still counts.", file=where, old=old, new=new))
        return {new if key == old else key: value for key, value in values.items()}
    inner = values.get(groups[0])
    if not isinstance(inner, dict):
        return values
    return {**values, groups[0]: renamed(inner, groups[1:], old, new, where)}


def whole_paths(values: Mapping[str, object], folder: Path, group: type[BaseModel] = Recipe) -> dict[str, object]:
    """Settings whose paths of files begin at the root instead of at this folder; what is not a setting stays."""
    result = dict(values)
    for key, value in values.items():
        field = group.model_fields.get(key)
        kinds = (field.annotation, *get_args(field.annotation)) if field else ()
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if field and "a file" in field.metadata and isinstance(value, str) and value:
            result[key] = os.path.abspath(folder / Path(value).expanduser())
        elif inner and isinstance(value, dict):
            result[key] = whole_paths(value, folder, inner)
        elif inner and isinstance(value, list):
            result[key] = [whole_paths(row, folder, inner) if isinstance(row, dict) else row for row in value]
    return result


def merge(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """`over` laid over `base`, group by group; neither is changed."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return result


def build(values: Mapping[str, object], where: str) -> Recipe:
    """A `Recipe` from nested dictionaries.

    Raises:
        InputError: see `load_recipe`; `where` opens the message.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {explain(error, Recipe)}") from None


def check(recipe: Recipe, where: str) -> None:
    """Refuse settings that are each allowed but contradict each other.

    Raises:
        InputError: names the settings and the way out.
    """
    for name in ("pretrain", "sft", "dpo"):
        run: TrainSettings = getattr(recipe, name)
        if run.learning_rate != "auto" and run.min_lr is not None and run.min_lr > run.learning_rate:
            raise InputError(
                tr(
                    "{where}: [{name}] min_lr {min_lr:g} is above learning_rate "
                    "{learning_rate:g}. Lower min_lr, or leave it out for learning_rate / 10.",
                    where=where,
                    name=name,
                    min_lr=run.min_lr,
                    learning_rate=run.learning_rate,
                )
            )
        if run.warmup_iters >= run.max_iters:
            raise InputError(
                tr(
                    "{where}: [{name}] warmup_iters {warmup_iters} leaves no step of max_iters "
                    "{max_iters}. Set warmup_iters below {max_iters}.",
                    where=where,
                    name=name,
                    warmup_iters=run.warmup_iters,
                    max_iters=run.max_iters,
                )
            )
    mixed = sum(recipe.pretrain.mixture.values())
    if mixed >= 1:
        raise InputError(
            tr(
                "{where}: [pretrain] mixture takes {mixed:g} of the tokens and leaves none for the books.",
                where=where,
                mixed=mixed,
            )
        )
    try:
        model_shape(recipe.model)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if recipe.synth.val_fraction + recipe.synth.test_fraction >= 1:
        raise InputError(
            tr("{where}: [synth] val_fraction and test_fraction leave no records to train on.", where=where)
        )


def nearest(word: str, known: Any) -> str:
    """`; did you mean X?` if a known word is near, else `.`."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return tr("; did you mean {name}?", name=close[0]) if close else tr(".")


def explain(error: ValidationError, settings: type[BaseModel]) -> str:
    """The first fault of a validation error of `settings` in one sentence, with the nearest right name."""
    fault = error.errors(include_url=False)[0]
    *groups, key = [str(part) for part in fault["loc"]] or ["recipe"]
    group = settings
    for name in groups:
        if name not in group.model_fields:
            break
        annotation = group.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return tr(
                "{title}: {reason} (item {number} is {value}).",
                title=f"[{'.'.join(groups[:-1])}] {groups[-1]}",
                reason=_reason(fault),
                number=key,
                value=shown(fault["input"]),
            )
        group = annotation
    title = f"[{'.'.join(groups)}] {key}" if groups else key
    if fault["type"] == "extra_forbidden":
        homes = [g for g, f in settings.model_fields.items() if key in getattr(f.annotation, "model_fields", {})]
        hint = tr("; it belongs in [{group}].", group=homes[0]) if homes else nearest(key, group.model_fields)
        return tr("{title} is not a setting{hint}", title=title, hint=hint)
    if fault["type"] == KEY:
        return f"{title}: {_reason(fault)}."
    return tr(
        "{title} = {value} cannot be used: {reason}.", title=title, value=shown(fault["input"]), reason=_reason(fault)
    )


def _reason(fault: ErrorDetails) -> str:
    """What a value ought to be."""
    limits = fault.get("ctx", {})
    match fault["type"]:
        case "greater_than":
            return tr("input should be greater than {limit}", limit=limits["gt"])
        case "greater_than_equal":
            return tr("input should be greater than or equal to {limit}", limit=limits["ge"])
        case "less_than":
            return tr("input should be less than {limit}", limit=limits["lt"])
        case "less_than_equal":
            return tr("input should be less than or equal to {limit}", limit=limits["le"])
        case "literal_error":
            return tr("input should be {names}", names=limits["expected"])
        case _:
            return phrase(fault["msg"][0].lower() + fault["msg"][1:])
