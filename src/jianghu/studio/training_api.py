"""Training for the page: what is to be done and why, what it will cost, every run with its curve, and studies."""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from .. import files
from ..errors import InputError
from ..messages import tr
from ..pipeline import pipeline_recipe, plan_run
from ..recipe import PRESETS, load_recipe, to_toml
from ..recipe.study import bundled_studies
from ..workspace import BASE, CHAT, Workspace
from .commands import words_of
from .context import Studio
from .looking import command
from .runs import RunWatcher, look, read_rows, runs, samples, thinned, warnings
from .shelf import books


class PlanFor(BaseModel):
    """Settings that are laid over the recipe while it is planned: those of pretraining and of the model."""

    model_config = ConfigDict(extra="forbid")

    options: Annotated[dict[Annotated[str, Field(max_length=80)], Any], Field(max_length=40)] = {}


class Preset(BaseModel):
    """How much time the model may take."""

    model_config = ConfigDict(extra="forbid")

    preset: Literal["demo", "evening", "seed", "modern"]


def router(studio: Studio) -> APIRouter:
    """`/studio/training`."""
    router, ws, jobs = APIRouter(prefix="/studio/training"), studio.workspace, studio.jobs
    studio.events.watchers.append(RunWatcher(ws))
    planning = asyncio.Lock()

    @router.get("")
    def training() -> dict[str, object]:
        """The stages in order, all runs, the studies, and what may be started."""
        known = jobs.all()
        stages, problem = _stages(ws)
        return {
            "stages": stages,
            "problem": problem,
            "runs": [asdict(run) for run in runs(ws, known)],
            "jobs": [job.to_dict() for job in known[:60]],
            "studies": _studies(ws),
            "preset": _preset(ws),
            "steps": {stage: getattr(ws.recipe(), stage).max_iters for stage in ("pretrain", "sft")},
            "teacher": _asks_a_teacher(ws),
            "checkpoints": ws.checkpoints(),
        }

    @router.get("/run/{name}")
    def run(name: str) -> dict[str, object]:
        """One run: where it stands, its curve, its samples, and warnings in words."""
        found = look(ws, name, jobs.all())
        if found is None:
            raise InputError(tr("{name}: there is no such run yet.", name=name[:100]))
        folder = ws.run(name)
        return {
            **asdict(found),
            "rows": thinned(read_rows(folder)),
            "samples": samples(folder),
            "warnings": warnings(ws, name),
        }

    @router.post("/plan")
    async def plan(body: PlanFor) -> dict[str, object]:
        """What training costs here in time and memory, measured for some seconds; and what a teacher costs, if one is
        asked."""
        words, _ = words_of(ws, "pretrain", body.options)
        async with planning:
            made = await command(ws.root, "plan", *words[1:])
            money: object = None
            if _asks_a_teacher(ws):
                try:
                    money = await command(ws.root, "synth", "run", "--dry-run")
                except InputError as error:
                    money = {"error": str(error)}
        return {"plan": made, "money": money}

    @router.post("/preset")
    def preset(body: Preset) -> dict[str, object]:
        """Take another preset for a recipe that nobody has edited."""
        now = _preset(ws)
        if now["edited"]:
            raise InputError(tr("jianghu.toml was edited by hand; change its preset there."))
        files.write_text(ws.recipe_path.with_suffix(".old.toml"), files.read_text(ws.recipe_path))  # with its comments
        files.write_text(ws.recipe_path, to_toml(load_recipe(preset=body.preset)))
        return _preset(ws)

    return router


def _stages(ws: Workspace) -> tuple[list[dict[str, object]], str]:
    """What `jianghu run` would do with each stage, and what keeps it from being done. Why a stage must be done is said
    only where it was done before."""
    try:
        rows = plan_run(ws, pipeline_recipe(ws))
    except InputError as error:
        return [], str(error)
    made = {"prepare": ws.data, "synth": ws.records, "reader": ws.reader, "pretrain": ws.run(BASE), "sft": ws.run(CHAT)}
    fields = ("name", "why", "after", "flags", "aside", "resumes", "fresh")
    stages = []
    for row in rows:
        stage = {name: getattr(row, name) for name in fields}
        if row.name in made and ws.recorded(made[row.name]) is None:
            stage["why"] = None
        stages.append(stage)
    return stages, "" if books(ws) else tr("The shelf is empty. Put a novel on it first.")


def _preset(ws: Workspace) -> dict[str, object]:
    """The preset of the recipe, and whether the recipe's settings are others."""
    name = ws.recipe().preset
    return {"name": name, "edited": ws.recipe() != load_recipe(preset=name), "all": list(PRESETS)}


def _asks_a_teacher(ws: Workspace) -> bool:
    return not {*ws.recipe().synth.strategies} <= {"cloze", "bundled", "manners"}


def _studies(ws: Workspace) -> list[dict[str, object]]:
    """The studies that come with the program, and what became of those that were begun."""
    rows: list[dict[str, object]] = []
    for name, path in sorted(bundled_studies().items()):
        study = tomllib.loads(files.read_text(path))
        results = _results(ws, name)
        rows.append(
            {
                "name": name,
                "title": [study.get("title", name), study.get("title_zh") or study.get("title", name)],
                "question": [study.get("question", ""), study.get("question_zh") or study.get("question", "")],
                "scales": list(study.get("scale", {})),
                "trials": results,
            }
        )
    return rows


def _results(ws: Workspace, study: str) -> list[dict[str, object]]:
    """The trials of a study, at any scale."""
    rows: list[dict[str, object]] = []
    for path in sorted(ws.studies.glob(f"{study}*/results.json")) if ws.studies.is_dir() else []:
        try:
            found = files.read_json(path)
        except InputError:
            continue
        for trial in found.get("trials", []):
            row = {key: trial.get(key) for key in ("name", "state", "value", "error")}
            rows.append({**row, "study": path.parent.name, "goal": found.get("goal")})
    return rows
