"""`jianghu run`: every stage in order, repeating only what is stale, and saying why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .dataset.stage import prepare, prepare_stale
from .errors import InputError
from .evaluation.stage import exam, exam_stale
from .recipe import Recipe
from .synth.stage import synth, synth_stale
from .training.stage import train_on, train_stale
from .workspace import BASE, CHAT, Workspace


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline: `stale` says why it must be done (None: it is fresh), `work` does it."""

    name: str
    stale: Callable[[], str | None]
    work: Callable[[], Any]


def stages(ws: Workspace, recipe: Recipe) -> list[Stage]:
    """The pipeline of a workspace."""

    def training(stage: str, name: str) -> Callable[[], Any]:
        def work() -> Any:
            return train_on(ws, recipe, stage, name, ws.checkpoint(BASE) if stage == "sft" else None)

        return work

    def sft_stale() -> str | None:
        return train_stale(ws, recipe, "sft", CHAT, ws.checkpoint(BASE))

    return [
        Stage("prepare", lambda: prepare_stale(ws, recipe), lambda: prepare(ws, recipe)),
        Stage("synth", lambda: synth_stale(ws, recipe), lambda: synth(ws, recipe)),
        Stage(
            "pretrain",
            lambda: train_stale(ws, recipe, "pretrain", BASE, None),
            training("pretrain", BASE),
        ),
        Stage("sft", sft_stale, training("sft", CHAT)),
        Stage("eval", lambda: exam_stale(ws, recipe, CHAT), lambda: exam(ws, recipe, CHAT)),
    ]


def run_all(ws: Workspace, recipe: Recipe) -> Iterator[tuple[Stage, str | None, Any]]:
    """Do the stages in order.

    Yields (stage, why, None) before a stage is done and (stage, None, facts) after it; (stage, None, None) once
    for one that is fresh.
    """
    for stage in stages(ws, recipe):
        why = stage.stale()
        yield stage, why, None
        if why is not None:
            yield stage, None, stage.work()


def status(ws: Workspace, recipe: Recipe) -> list[tuple[str, str]]:
    """Each stage with `fresh`, or why it is stale, or what it waits for."""
    rows = []
    for stage in stages(ws, recipe):
        try:
            rows.append((stage.name, stage.stale() or "fresh"))
        except InputError as waiting:
            rows.append((stage.name, f"waiting: {waiting}"))
    return rows
