"""The file of a study: a title, a question, the settings of its trials, and the values to try.

TOML goes in, `StudySettings` come out.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from .. import files
from ..errors import InputError
from ..messages import tr
from .base import Settings
from .load import explain, merge, nearest, renamed

Choices = Annotated[list[Any], Field(min_length=1)]


class Range(Settings):
    """Numbers among which a search chooses."""

    low: float
    high: float
    log: bool = False
    """Choose evenly on a logarithmic scale."""
    whole: bool = False
    """Whole numbers only."""


class SearchSettings(Settings):
    """A search: Optuna proposes each next trial by what the finished ones reached."""

    trials: Annotated[int, Field(gt=0)]
    """How many to train."""
    space: dict[str, Range | Choices]
    """For each setting, such as "pretrain.learning_rate", the range or the list to choose from."""
    seed: int = 1337
    """Of the proposals."""


class TrialSettings(Settings):
    """A trial with a name of its own, for a study that is no full grid."""

    name: str
    settings: dict[str, object]
    """Dotted names and values, as in a grid."""


class StudySettings(Settings):
    """A study file. Exactly one of `grid`, `trials` and `search` says what its trials are."""

    title: str
    title_zh: str = ""
    question: str = ""
    """What the study asks, in a sentence."""
    question_zh: str = ""
    preset: Literal["demo", "evening", "seed", "modern"] = "seed"
    """Settings of model, training and exam that the study's own are laid over."""
    stages: Annotated[list[Literal["pretrain", "sft", "eval"]], Field(min_length=1)] = ["pretrain"]
    """What is done for a trial, in this order. `sft` needs `pretrain`, whose run equal trials share."""
    goal: Literal["val_bpc", "accuracy"] = "val_bpc"
    """What ranks trials: least bits per character of the last run, or most right answers in the exam."""
    examined: list[str] = ["last"]
    """Checkpoints that take the exam: last, best, or milestones for every one that `keep_every` kept."""
    settings: dict[str, object] = {}
    """Laid over the preset for every trial, in the same groups as jianghu.toml."""
    grid: dict[str, Choices] = {}
    """For each setting the values to try; every combination is a trial."""
    trials: list[TrialSettings] = []
    search: SearchSettings | None = None
    scale: dict[str, dict[str, object]] = {}
    """Other sizes of the same study: [scale.cpu] is laid over this file by `--scale cpu`."""


def bundled_studies() -> dict[str, Path]:
    """The studies that come with the program, by name."""
    folder = resources.files("jianghu").joinpath("studies")
    return {file.name.removesuffix(".toml"): Path(str(file)) for file in folder.iterdir()}


def find_study(given: Path) -> Path:
    """A study as it was asked for: a file, or the name of one that comes with the program.

    Args:
        given: a path; where there is no such file, `learning_rate`, `learning_rate.toml` and
            `studies/learning_rate.toml` all name the bundled study.

    Raises:
        InputError: there is neither.
    """
    if given.is_file():
        return given
    bundled = bundled_studies()
    if given.parent.name in ("", "studies") and (found := bundled.get(given.name.removesuffix(".toml"))):
        return found
    names = ", ".join(sorted(bundled))
    raise InputError(
        tr("{path}: no such study. Give a TOML file, or one that comes with jianghu: {names}.", path=given, names=names)
    )


def _present(values: dict[str, object], where: str) -> dict[str, object]:
    """A study in today's words: trials were called members once."""
    scales = values.get("scale")
    places: list[tuple[str, ...]] = [(), *(("scale", name) for name in (scales if isinstance(scales, dict) else ()))]
    for place in places:
        for groups in (place, (*place, "search")):
            values = renamed(values, groups, "members", "trials", where)
    return values


def read_study(path: Path, scale: str | None = None) -> tuple[StudySettings, str]:
    """The settings of a study file, and the study's name: the file's, and the scale's after a dash.

    Raises:
        InputError: the file cannot be read, is not TOML, has no such scale, or something in it cannot be used.
    """
    try:
        values = tomllib.loads(files.read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(tr("{path}: not valid TOML: {error}.", path=path, error=error)) from None
    values = _present(values, str(path))
    if scale is not None:
        found = values.get("scale")
        scales = found if isinstance(found, dict) else {}
        if scale not in scales:
            hint = nearest(scale, scales)
            raise InputError(
                tr(
                    "{path}: there is no scale {scale!r}{hint} Leave --scale out, or add [scale.{scale}].",
                    path=path,
                    scale=scale,
                    hint=hint,
                )
            )
        values = merge(values, scales[scale])
    try:
        study = StudySettings.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error, StudySettings)}") from None
    kinds = [kind for kind in ("grid", "trials", "search") if getattr(study, kind)]
    if len(kinds) != 1:
        raise InputError(
            tr(
                "{path}: give exactly one of [grid], [[trials]] and [search]; it has {value}.",
                path=path,
                value=kinds or "none",
            )
        )
    if study.goal == "accuracy" and "eval" not in study.stages:
        raise InputError(tr('{path}: goal = "accuracy" needs an exam. Add "eval" to stages.', path=path))
    if study.stages[0] != "pretrain":
        raise InputError(
            tr('{path}: stages begins with {stages!r}. Begin with "pretrain".', path=path, stages=study.stages[0])
        )
    return study, path.stem if scale is None else f"{path.stem}-{scale}"
