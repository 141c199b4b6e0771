"""Before and beside a run of the teacher: what it will cost, a first look at what it says, where it stands."""

from __future__ import annotations

from typing import Any

from ..corpus import read_chapters
from ..errors import InputError
from ..recipe import Recipe
from ..synth import Budget, Reader, Store, forecast, plan_strategies, run_strategies, status
from ..workspace import Workspace
from .synth import teacher_progress
from .teacher import asks_teacher, serving, shelf_of, strategies_of


def synth_forecast(ws: Workspace, recipe: Recipe) -> list[dict[str, Any]]:
    """What `synth` would ask and what that costs; plans are entered in the store, nothing is sent.

    Raises:
        InputError: no strategy of the recipe asks a teacher.
    """
    _asks(recipe)
    chapters = read_chapters(ws.chapters)
    with Store(ws.store) as store, serving(recipe, start=False) as recipe:
        asking = strategies_of(ws, recipe, shelf_of(ws, recipe, chapters, store))
        plan_strategies(asking, chapters, store, recipe.synth.teacher)
        return forecast(asking, store, recipe.synth.teacher)


def synth_preview(ws: Workspace, recipe: Recipe, count: int) -> list[dict[str, Any]]:
    """Ask `count` requests and return what was said and what became of it; they are kept and never paid again.

    Raises:
        InputError: no strategy of the recipe asks a teacher, or it lacks what it needs.
    """
    _asks(recipe)
    chapters = read_chapters(ws.chapters)
    with Store(ws.store) as store, serving(recipe) as recipe:
        asking = strategies_of(ws, recipe, shelf_of(ws, recipe, chapters, store))
        with teacher_progress("preview") as show:
            run_strategies(asking, chapters, store, recipe.synth.teacher, show, budget=Budget(requests=count))
        return [
            {
                "strategy": request.strategy,
                "stage": request.stage,
                "where": f"{request.passage.book} {request.passage.chapter}" if request.passage else "",
                "asked": request.body["messages"][-1]["content"],
                "said": reply.content,
                "items": [{"kind": item.kind, "verdict": item.verdict, **item.content} for item in items],
            }
            for request, reply, items in store.newest(count)
        ]


def synth_status(ws: Workspace) -> dict[str, Any]:
    """Where the teacher's work stands; another process may be at it."""
    with Reader(ws.store) as store:
        return status(store)


def _asks(recipe: Recipe) -> None:
    if not asks_teacher(recipe):
        raise InputError(
            f"none of [synth] strategies {', '.join(recipe.synth.strategies)} asks a teacher. "
            "Add one, such as facts, or give --strategy facts."
        )
