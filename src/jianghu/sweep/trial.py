"""One trial of a study, from its recipe to its runs and its exam.

What trials have in common is made once: prepared data and records by the settings that decide them, and a
pretrained run by all trials that start from the same one.
"""

from __future__ import annotations

from pathlib import Path

from .. import files
from ..dataset.stage import prepare, prepare_stale
from ..errors import InputError
from ..evaluation.stage import exam
from ..messages import tr
from ..model.sources import find_source
from ..recipe import Recipe
from ..synth.stage import synth, synth_stale
from ..training import Result
from ..training.stage import train_on, train_stale
from ..workspace import Workspace
from .study import DATA, RECORDS, Study, Trial
from .trial_queue import Outcome


def run_trial(ws: Workspace, study: Study, trial: Trial) -> tuple[float, Outcome]:
    """Train and examine a trial, going on where an earlier try was left.

    Returns:
        The value of the study's goal, and what came of the trial.

    Raises:
        InputError, RunError: the trial cannot be done.
        InterruptedByUser: stopped; the same call goes on.
    """
    stages, recipe = study.settings.stages, trial.recipe
    view = shelf_of(ws, study, recipe)
    _prepared(view, recipe)
    if recipe.pretrain.mixture.get("records"):
        _with_records(view, recipe)
    start = recipe.pretrain.init_from
    source = find_source(ws, start, fetch=True) if start else None
    result = _trained(view, recipe, "pretrain", trial.base, source)
    outcome: Outcome = {"base": trial.base, "run": trial.name}
    if "sft" in stages:
        _with_records(view, recipe)
        result = _trained(view, recipe, "sft", trial.name, ws.checkpoint(trial.base))
    rows = files.read_log(ws.run(trial.name) / "metrics.jsonl")
    wanted = ("step", "tokens", "epochs", "seconds", "val_loss", "val_bpc", "train_loss")
    curve = [{key: row[key] for key in wanted if key in row} for row in rows if "val_bpc" in row]
    seconds = max((row.get("seconds", 0.0) for row in rows), default=0.0)
    outcome |= {"step": result.step, "best_step": result.best_step, "best_val": result.best_val, "seconds": seconds}
    outcome["curve"] = curve
    if "eval" in stages:
        outcome["exams"], outcome["accuracy"] = _examined(ws, view, study, trial)
    return (outcome["accuracy"] if study.settings.goal == "accuracy" else result.best_val), outcome


def shelf_of(ws: Workspace, study: Study, recipe: Recipe) -> Workspace:
    """The workspace as a trial sees it: with data and records of its own, under studies/, where its settings of
    them are not the workspace's."""

    def own(groups: tuple[str, ...], word: str) -> Path | None:
        mine, shared = (whole.model_dump(include=set(groups)) for whole in (recipe, study.shelf))
        return None if mine == shared else ws.studies / f"{word}-{files.sha256_json(mine)[:10]}"

    return ws.with_data(own(DATA, "data"), own(RECORDS, "records"))


def _prepared(ws: Workspace, recipe: Recipe) -> None:
    """Chapters, tokenizer and tokens; workers that want the same wait for the first."""
    with files.lock(ws.data.with_name(f"{ws.data.name}-prepare"), "prepared data", wait=-1):
        if prepare_stale(ws, recipe) is not None:
            prepare(ws, recipe)


def _with_records(ws: Workspace, recipe: Recipe) -> None:
    with files.lock(ws.records.with_name(f"{ws.records.name}-synth"), "records", wait=-1):
        if synth_stale(ws, recipe) is not None:
            synth(ws, recipe)


def _trained(ws: Workspace, recipe: Recipe, stage: str, name: str, source: Path | None) -> Result:
    """A run: taken as it is if it is fresh, gone on with if it was left, begun if there is none.

    Workers that want the same run wait for the first; a run of other settings under this name is set aside.
    """
    folder = ws.run(name)
    with files.lock(folder.with_name(f"{name}-trial"), f"the run {name}", wait=-1):
        if train_stale(ws, recipe, stage, name, source) is None:
            return Result(**files.read_json(folder / "result.json"))
        return train_on(ws, recipe, stage, name, source)


def _examined(ws: Workspace, view: Workspace, study: Study, trial: Trial) -> tuple[list[str], float]:
    """The exam of a trial's checkpoints, on the workspace's own questions, so that trials that differ in their
    records can be compared.

    Returns the files of the results, and the accuracy of the last checkpoint.
    """
    asked = ws.with_data(data=view.data)
    if asked.records != view.records:
        _with_records(asked, study.shelf)
    folder = ws.run(trial.name) / "checkpoints"
    names: list[str] = []
    for name in study.settings.examined:
        found = [path.name for path in sorted(folder.glob("step-*"))] if name == "milestones" else [name]
        names += [name for name in found if name not in names]
    if not names:
        raise InputError(
            tr(
                "study {name}: {name2} kept no milestone to examine. Set keep_every in [sft].",
                name=study.name,
                name2=trial.name,
            )
        )
    results = [exam(asked, trial.recipe, f"{trial.name}/{name}", title=f"exam {name}") for name in names]
    last = next((result for name, result in zip(names, results, strict=True) if name == "last"), results[-1])
    return [result.file for result in results], last.scores.accuracy
