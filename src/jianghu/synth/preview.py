"""Before and beside a run of the teacher: what it will cost, a first look at what it says, where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Self, TypedDict

from ..corpus import read_chapters
from ..errors import InputError
from ..llm.budget import Budget
from ..llm.runner import plan_strategies, run_strategies
from ..llm.status import Status, status
from ..llm.store import Reader, Store
from ..messages import tr
from ..recipe import Recipe
from ..records import Record, read_records
from ..workspace import Workspace
from .cost import Forecast, forecast
from .coverage import BookCoverage, Brief, Coverage, coverage
from .stage import teacher_progress
from .teacher import must_ask, serving, shelf_of, strategies_of

MADE = {"cloze", "bundled", "manners", "written"}
"""Sources of records that no teacher was asked for."""
STATEMENTS = "statements.jsonl"
MAX_COUNTED = 20_000
"""Records that a look at the status searches for names: about a second."""


class Preview(TypedDict):
    """A reply, and what became of it.

    Attributes:
        where: book and chapter. asked, said: the last message and the reply. items: with kind, verdict and fields.
    """

    strategy: str
    stage: str
    where: str
    asked: str
    said: str
    items: list[dict[str, Any]]


class TeacherStatus(Status):
    """Where the teacher's work stands.

    Attributes:
        written: file of data/records → source → how many. coverage: book → in brief.
    """

    written: dict[str, dict[str, int]]
    coverage: dict[str, Brief]


def synth_forecast(ws: Workspace, recipe: Recipe) -> list[Forecast]:
    """What `synth` would ask and what that costs. Nothing is sent, and the plans in the store stay as they are.

    Raises:
        InputError: no strategy of the recipe asks a teacher.
    """
    must_ask(recipe)
    chapters = read_chapters(ws.chapters)
    with Store(ws.store) as store, store.trial(), serving(recipe, start=False) as recipe:
        asking = strategies_of(ws, recipe, shelf_of(ws, recipe, chapters, store))
        plan_strategies(asking, chapters, store, recipe.synth.teacher)
        return forecast(asking, store, recipe.synth.teacher)


def synth_preview(ws: Workspace, recipe: Recipe, count: int) -> list[Preview]:
    """Ask `count` requests and return what was said and what became of it; they are kept and never paid again.

    Raises:
        InputError: no strategy of the recipe asks a teacher, or it lacks what it needs.
    """
    must_ask(recipe)
    chapters = read_chapters(ws.chapters)
    with Store(ws.store) as store, serving(recipe) as recipe:
        asking = strategies_of(ws, recipe, shelf_of(ws, recipe, chapters, store))
        with teacher_progress(tr("preview")) as show:
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


class SynthStatus:
    """Where the teacher's work stands, look by look; another process may be at it. Use it as a context manager."""

    def __init__(self, ws: Workspace, recipe: Recipe) -> None:
        chapters = read_chapters(ws.chapters)
        self._store, self._ws = Reader(ws.store), ws
        self._coverage = Coverage(shelf_of(ws, recipe, chapters, self._store), made_records(ws))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._store.close()

    def look(self) -> TeacherStatus:
        """Everything as it is now.

        People without questions are None as long as not all records are counted; each look counts some thousands.
        """
        counted = self._coverage.look(self._store, MAX_COUNTED)
        brief = {book: row["brief"] for book, row in self._coverage.books(self._store).items()}
        if not counted:
            for row in brief.values():
                row["people_without_questions"] = None
        return {**status(self._store), "written": written_records(self._ws), "coverage": brief}


def synth_coverage(ws: Workspace, recipe: Recipe) -> dict[str, BookCoverage]:
    """Book → what of it has facts and questions; see `Coverage.books`. Another process may be writing.

    Raises:
        InputError: there is nothing yet.
    """
    with Reader(ws.store) as store:
        shelf = shelf_of(ws, recipe, read_chapters(ws.chapters), store)
        found = coverage(store, shelf, made_records(ws))
    if not any(row["brief"][kind] for row in found.values() for kind in ("facts", "records")):
        raise InputError(
            tr(
                "{path}: no fact and no record yet, so nothing is covered. `{jianghu} synth run` makes some.",
                path=ws.store,
            )
        )
    return found


def made_records(ws: Workspace) -> Iterator[Record]:
    """The records of data/records that were made without a teacher, and so are not in the store."""
    for path in sorted(ws.records.glob("*.jsonl")):
        if path.name != STATEMENTS:
            yield from (record for record in read_records(path) if record.source in MADE)


def written_records(ws: Workspace) -> dict[str, dict[str, int]]:
    """File of data/records → source → how many records it holds."""
    found: dict[str, dict[str, int]] = {}
    for path in sorted(ws.records.glob("*.jsonl")):
        if path.name != STATEMENTS:
            found[path.stem] = dict(Counter(record.source for record in read_records(path)).most_common())
    return found
