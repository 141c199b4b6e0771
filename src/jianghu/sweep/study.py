"""A study in a workspace: its settings and the workspace's recipe go in, its trials come out.

A trial is one combination: a recipe, and the names of the runs that are trained by it.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

from .. import files
from ..recipe import Recipe
from ..recipe.load import build, check, merge, preset_values
from ..recipe.study import StudySettings

SHELF = ("books", "split", "tokenizer", "synth")
"""Groups of settings that describe the shelf and its records: a study takes the workspace's, unless it sets them."""
DATA, RECORDS = ("books", "split", "tokenizer"), ("books", "synth")
"""Groups that decide the prepared data, and the records."""
PRETRAINING = ("books", "split", "tokenizer", "model", "pretrain")
"""Groups that decide a pretrained model; trials that agree in them share one."""


@dataclass(frozen=True)
class Trial:
    """One combination of a study.

    Attributes:
        name: its last run is runs/NAME.
        base: the pretrained run that it starts from or consists of.
        values: the settings in which trials differ, by dotted name.
        recipe: everything resolved.
        key: hash of all that decides what comes out; a trial of another key is not this trial's.
    """

    name: str
    base: str
    values: dict[str, object]
    recipe: Recipe
    key: str


class Study:
    """A study in a workspace.

    Args:
        settings: of its file, the scale laid over.
        name: the file's name, with the scale; opens the names of its runs.
        shelf: the workspace's recipe.
        books: hashes of the books, so that a changed book is another study.
    """

    def __init__(self, settings: StudySettings, name: str, shelf: Recipe, books: dict[str, str]) -> None:
        self.settings, self.name, self.shelf, self.books = settings, name, shelf, books

    def trials(self) -> list[Trial]:
        """All trials of a grid or a list, those that can share no pretrained run first, so that workers seldom
        wait for each other; of a search none, since they are proposed one by one.

        Raises:
            InputError: a setting does not exist, or its value cannot be used.
        """
        grid = self.settings.grid
        if grid:
            found = [self.trial(dict(zip(grid, row, strict=True))) for row in itertools.product(*grid.values())]
        else:
            found = [self.trial(row.settings, row.name) for row in self.settings.trials]
        seen: dict[str, int] = {}
        turn = []
        for trial in found:
            seen[trial.base] = seen.get(trial.base, -1) + 1
            turn.append(seen[trial.base])
        return [trial for _, trial in sorted(zip(turn, found, strict=True), key=lambda pair: pair[0])]

    def trial(self, values: dict[str, object], label: str | None = None) -> Trial:
        """The trial with these values of the settings that vary.

        Raises:
            InputError: as `trials`.
        """
        where = f"study {self.name}"
        shelf = self.shelf.model_dump(include=set(SHELF))
        layers = [preset_values(self.settings.preset), shelf, self.settings.settings, _nested(values)]
        resolved: dict[str, object] = {}
        for layer in layers:
            resolved = merge(resolved, layer)
        recipe = build(resolved, where)
        check(recipe, where)
        label = _label(values, self.name) if label is None else label
        groups = (*PRETRAINING, "synth") if recipe.pretrain.mixture.get("records") else PRETRAINING
        own = {key: value for key, value in values.items() if key.partition(".")[0] in groups}
        name = f"{self.name}-{label}" if label else self.name
        base = name
        if "sft" in self.settings.stages:
            base = "-".join(part for part in (self.name, _label(own, self.name), "base") if part)
        about = [recipe.model_dump(), self.settings.stages, self.settings.examined, self.books]
        return Trial(name, base, values, recipe, files.sha256_json(about)[:16])


def _nested(values: dict[str, object]) -> dict[str, object]:
    """{"pretrain.block_size": 256} → {"pretrain": {"block_size": 256}}."""
    result: dict[str, object] = {}
    for dotted, value in values.items():
        group, _, name = dotted.rpartition(".")
        nested: dict[str, object] = {name: value}
        for part in reversed(group.split(".")) if group else ():
            nested = {part: nested}
        result = merge(result, nested)
    return result


def _label(values: dict[str, object], study: str) -> str:
    """Values as a part of a run's name: block_size-256, or pretrain.max_iters-20000_sft.max_iters-50000.

    A setting's group is left out where the name is clear without it, and the whole name where the study has it.
    """
    last = [dotted.rpartition(".")[2] for dotted in values]
    parts = []
    for dotted, value in values.items():
        short = dotted.rpartition(".")[2]
        name = dotted if last.count(short) > 1 else "" if study.partition("-")[0] == short else short
        parts.append("-".join(part for part in (name, _word(value)) if part))
    return "_".join(parts)


def _word(value: Any) -> str:
    """A value in letters that a folder's name may have; long ones as a hash."""
    text = f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    text = re.sub(r"[^\w.\-]+", "-", text).strip("-")
    return text if 0 < len(text) <= 40 else files.sha256_json(value)[:8]
