"""One member of a study, from its recipe to its runs and its exam.

What members have in common is made once: prepared data and records by the settings that decide them, and a
pretrained run by all members that start from the same one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import files
from ..dataset.stage import prepare, prepare_stale
from ..errors import InputError
from ..evaluation.stage import exam
from ..messages import tr
from ..recipe import Recipe
from ..synth.stage import synth, synth_stale
from ..training import Result
from ..training.stage import train_on, train_stale
from ..workspace import Workspace
from .study import DATA, RECORDS, Member, Study


def do_member(ws: Workspace, study: Study, member: Member) -> tuple[float, dict[str, Any]]:
    """Train and examine a member, going on where an earlier try was left.

    Returns:
        The value of the study's goal, and facts: run, base, step, best_step, best_val, seconds of training,
        the `curve` of the last run (rows of its metrics with a validation loss), exams (files), accuracy.

    Raises:
        InputError, RunError: the member cannot be done.
        InterruptedByUser: stopped; the same call goes on.
    """
    stages, recipe = study.settings.stages, member.recipe
    view = shelf_of(ws, study, recipe)
    _prepared(view, recipe)
    if recipe.pretrain.mixture.get("records"):
        _with_records(view, recipe)
    result = _trained(view, recipe, "pretrain", member.base, None)
    facts: dict[str, Any] = {"base": member.base, "run": member.name}
    if "sft" in stages:
        _with_records(view, recipe)
        result = _trained(view, recipe, "sft", member.name, ws.checkpoint(member.base))
    rows = files.read_log(ws.run(member.name) / "metrics.jsonl")
    wanted = ("step", "tokens", "epochs", "seconds", "val_loss", "val_bpc", "train_loss")
    curve = [{key: row[key] for key in wanted if key in row} for row in rows if "val_bpc" in row]
    seconds = max((row.get("seconds", 0.0) for row in rows), default=0.0)
    facts |= {"step": result.step, "best_step": result.best_step, "best_val": result.best_val, "seconds": seconds}
    facts["curve"] = curve
    if "eval" in stages:
        facts |= _examined(ws, view, study, member)
    return (facts["accuracy"] if study.settings.goal == "accuracy" else result.best_val), facts


def shelf_of(ws: Workspace, study: Study, recipe: Recipe) -> Workspace:
    """The workspace as a member sees it: with data and records of its own, under studies/, where its settings of
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
    with files.lock(folder.with_name(f"{name}-member"), f"the run {name}", wait=-1):
        if train_stale(ws, recipe, stage, name, source) is None:
            return Result(**files.read_json(folder / "result.json"))
        return train_on(ws, recipe, stage, name, source)


def _examined(ws: Workspace, view: Workspace, study: Study, member: Member) -> dict[str, Any]:
    """The exam of a member's checkpoints, on the workspace's own questions, so that members that differ in their
    records can be compared.

    Returns {"exams": files, "accuracy": of the last checkpoint}.
    """
    asked = ws.with_data(data=view.data)
    if asked.records != view.records:
        _with_records(asked, study.shelf)
    folder = ws.run(member.name) / "checkpoints"
    names: list[str] = []
    for name in study.settings.examined:
        found = [path.name for path in sorted(folder.glob("step-*"))] if name == "milestones" else [name]
        names += [name for name in found if name not in names]
    if not names:
        raise InputError(
            tr(
                "study {name}: {name2} kept no milestone to examine. Set keep_every in [sft].",
                name=study.name,
                name2=member.name,
            )
        )
    results = [exam(asked, member.recipe, f"{member.name}/{name}", title=f"exam {name}") for name in names]
    last = next((result for name, result in zip(names, results, strict=True) if name == "last"), results[-1])
    return {"exams": [result.file for result in results], "accuracy": last.scores.accuracy}
