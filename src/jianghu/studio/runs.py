"""Runs of training as the page shows them: where each stands, its curve, its samples, and what they say in words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import files
from ..errors import InputError
from ..jobs import Job
from ..recipe import Recipe, TrainSettings, load_recipe, model_shape
from ..training.metrics import overfitting
from ..training.rates import rate_warning
from ..workspace import Workspace
from .events import Event
from .jobs_api import new_lines

Row = dict[str, float]
POINTS = 1500
"""Rows of a curve that are sent; of more, every so manieth."""
SAMPLES = 60
"""Texts that are sent: the newest."""
RECENT_SECONDS = 300.0
"""Since its last row, a run that no job of ours trains is taken to be trained still."""
STAGES = ("dpo", "sft", "pretrain")
"""Groups of settings of runs; a run is of the first one that it was made from."""
State = Literal["running", "done", "left"]


@dataclass(frozen=True)
class Run:
    """Where a run stands.

    Attributes:
        stage: whose settings it follows.
        left: seconds that its training still takes at its latest speed; None where nothing is known.
        state: left means that it can go on.
    """

    name: str
    stage: str
    state: State
    step: int
    steps: int
    left: float | None
    speed: float | None
    seconds: float
    best_step: int | None
    best_bpc: float | None
    best_score: float | None
    train_bpc: float | None
    val_bpc: float | None


def runs(ws: Workspace, jobs: Sequence[Job]) -> list[Run]:
    """All runs of a workspace, the one that was written last first."""
    folders = [path.parent for path in ws.runs.glob("*/recipe.toml")] if ws.runs.is_dir() else []
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return [run for folder in folders if (run := look(ws, folder.name, jobs)) is not None]


def look(ws: Workspace, name: str, jobs: Sequence[Job]) -> Run | None:
    """Where one run stands; None where it cannot be told, since its files are being written or are another version's.

    Raises:
        InputError: a run cannot be called so.
    """
    folder = ws.run(name)
    opened = _open(folder)
    if opened is None:
        return None
    stage, recipe = opened
    settings: TrainSettings = getattr(recipe, stage)
    rows = read_rows(folder)
    newest = rows[-1] if rows else {}
    scored = [row for row in rows if "val_bpc" in row]
    best = min(scored, key=lambda row: row["val_bpc"], default=None)
    scores = [row for row in scored if "score" in row]
    top = max(scores, key=lambda row: (row["score"], row["step"]), default=None)
    chosen = top or best
    step = int(newest.get("step", 0))
    speed = newest.get("tokens_per_second")
    own = [job for job in jobs if job.holds in (f"runs/{name}", "run")]
    running = any(job.state == "running" for job in own) or (not own and _is_written(folder))
    done = (folder / "result.json").exists()
    steps = settings.max_iters
    return Run(
        name=name,
        stage=stage,
        state="done" if done else "running" if running else "left",
        step=step,
        steps=steps,
        left=(steps - step) * settings.tokens_per_step / speed if speed and not done else None,
        speed=speed,
        seconds=newest.get("seconds", 0.0) + newest.get("startup_seconds", 0.0),
        best_step=int(chosen["step"]) if chosen else None,
        best_bpc=best["val_bpc"] if best else None,
        best_score=top["score"] if top else None,
        train_bpc=next((row["train_bpc"] for row in reversed(rows) if "train_bpc" in row), None),
        val_bpc=scored[-1]["val_bpc"] if scored else None,
    )


def warnings(ws: Workspace, name: str) -> list[str]:
    """What a run's settings and numbers say, in words.

    Raises:
        InputError: a run cannot be called so.
    """
    folder = ws.run(name)
    opened = _open(folder)
    if opened is None:
        return []
    stage, recipe = opened
    told: list[str | None] = []
    if stage == "pretrain":  # elsewhere the loss always looks so, and does not choose the checkpoint
        told.append(overfitting(read_rows(folder)))
        if not recipe.pretrain.init_from:  # else the checkpoint has a width of its own
            told.append(rate_warning(recipe.pretrain, model_shape(recipe.model)["n_embd"], stage))
    return [line for line in told if line]


def read_rows(folder: Path) -> list[Row]:
    """The rows of a run's metrics, each step once: a resumed run writes some again."""
    by_step = {int(row["step"]): row for row in files.read_log(folder / "metrics.jsonl") if "step" in row}
    return [by_step[step] for step in sorted(by_step)]


def thinned(rows: Sequence[Row]) -> list[Row]:
    """Rows of which so many are left as a curve can show; those with a validation all stay."""
    every = max(1, len(rows) // POINTS)
    return [row for at, row in enumerate(rows) if at % every == 0 or "val_bpc" in row or at == len(rows) - 1]


def samples(folder: Path) -> list[dict[str, object]]:
    """The newest texts that a run wrote, the oldest of them first."""
    return files.read_log(folder / "samples.jsonl")[-SAMPLES:]


def _open(folder: Path) -> tuple[str, Recipe] | None:
    """The stage and the recipe of a run."""
    try:
        manifest = files.read_json(folder / "manifest.json")
        recipe = load_recipe(folder / "recipe.toml")
    except InputError:
        return None
    groups = manifest.get("settings", {})
    stage = next((stage for stage in STAGES if stage in groups and hasattr(recipe, stage)), None)
    return (stage, recipe) if stage else None


def _is_written(folder: Path) -> bool:
    """Whether somebody else trains this run, as far as its files tell: from a terminal, or on another machine."""
    owner, metrics = folder.with_name(f".{folder.name}.owner"), folder / "metrics.jsonl"
    return owner.exists() and metrics.exists() and time.time() - metrics.stat().st_mtime < RECENT_SECONDS


def _json(line: str) -> dict[str, object] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


class RunWatcher:
    """Tells of rows and samples that were written since the last look."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self._read: dict[Path, int] | None = None

    def __call__(self) -> Iterable[Event]:
        """What is new."""
        paths = [*self.ws.runs.glob("*/metrics.jsonl"), *self.ws.runs.glob("*/samples.jsonl")]
        first, self._read = self._read is None, self._read or {}
        for path in paths:
            size = path.stat().st_size
            lines, self._read[path] = new_lines(path, self._read.get(path, size if first else 0), size)
            rows = [row for line in lines if (row := _json(line)) is not None]
            if rows:
                kind = "metrics" if path.name == "metrics.jsonl" else "samples"
                yield kind, {"run": path.parent.name, "rows": rows}
