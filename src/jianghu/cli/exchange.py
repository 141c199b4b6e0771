"""`synth judge`, `synth apply`, `synth export`, `synth import` and `synth teachers`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..errors import InputError
from ..messages import tr
from ..synth.exchange.formats import Format
from . import output, place, synth_output
from .flags import Json, JudgeFlags, TeacherFlags, given


def judge(
    *,
    calibrate: Annotated[bool, Parameter(negative="")] = False,
    filter: bool | None = None,
    settings: JudgeFlags = None,
    json: Json = False,
) -> None:
    """Have a model judge the records by their evidence, and measure how far it can be believed.

    Args:
        calibrate: Only measure the judge, on records with errors put in: names swapped, numbers changed, negations.
        filter: Leave out of data/records what the judge does not pass; refused to a judge that measures badly.
            --no-filter takes the filter off.
        json: Print JSON.
    """
    from ..synth.verify.workflow import judge

    ws = place.workspace()
    recipe = ws.recipe({"synth": {"judge": given(settings)}})
    output.facts(judge(ws, recipe, calibrate_only=calibrate, filter=filter), json)


def apply(*, json: Json = False) -> None:
    """Write data/records anew with what you accepted, rejected, edited and wrote in the studio; no teacher is asked.

    Args:
        json: Print JSON.
    """
    from ..synth.exchange.workflow import apply_edits

    ws = place.workspace()
    synth_output.written(apply_edits(ws, ws.recipe()), json)


def export(folder: Path, *, to: Format = "jsonl", json: Json = False) -> None:
    """Write the records into FOLDER for other programs: a file for each split, a manifest, a data card.

    Args:
        folder: Where to; an earlier export there is replaced all at once.
        to: jsonl and parquet: all fields. qa: {"Question", "Answer"}. alpaca, sharegpt, chatml: as those want it.
        json: Print JSON.
    """
    from ..synth.exchange.workflow import export

    ws = place.workspace()
    output.facts(export(ws, ws.recipe(), folder, to), json)


def import_(
    files: list[Path] | None = None,
    /,
    *,
    undo: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Take records from FILES of other programs, broken lines and all, through the same gates.

    Args:
        files: JSON, JSON lines or Parquet in any of the formats of `synth export`.
        undo: Take back what was imported from FILES instead; without FILES, the last import.
        json: Print JSON.
    """
    from ..synth.exchange.workflow import import_records, undo_import

    ws = place.workspace()
    if undo:
        output.facts(undo_import(ws, ws.recipe(), files or []), json)
        return
    if not files:
        raise InputError(tr("name the files to import, such as `{jianghu} synth import old.jsonl`."))
    synth_output.imported(import_records(ws, ws.recipe(), files), json)


def teachers(
    *,
    models: str,
    passages: int = 200,
    judged: int = 100,
    budget: float | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    teacher: TeacherFlags = None,
    json: Json = False,
) -> None:
    """Ask several teachers about the same passages, and compare what they are worth. What it costs is said first.

    Args:
        models: Names with commas between them: of [[synth.rivals]], or of models at the teacher's own endpoint.
        passages: How many passages each is asked about, spread over the books.
        judged: How many records of each the judge of the recipe reads; 0: none.
        budget: Spend at most so much money in all, by price_in and price_out.
        dry_run: Only show what it costs.
        teacher: Settings of the teacher.
        json: Print JSON.
    """
    from ..llm.budget import Budget
    from ..synth.compare_teachers import compare_teachers, teachers_forecast

    ws = place.workspace()
    recipe = ws.recipe({"synth": {"teacher": given(teacher)}})
    names = [name.strip() for name in models.split(",") if name.strip()]
    costs = teachers_forecast(ws, recipe, names, passages, judged)
    if dry_run or not json:
        synth_output.forecast(costs, json, sent=not dry_run)
    if dry_run:
        return
    found = compare_teachers(ws, recipe, names, passages, judged, Budget(money=budget))
    if json:
        output.facts({"teachers": found}, json)
    else:
        output.rows(found)
