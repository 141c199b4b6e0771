"""`eval`: exams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..errors import InputError
from ..messages import tr
from . import output, place, scores
from .flags import EvalFlags, Json, given


def evaluate(
    *checkpoints: str,
    exam: Path | None = None,
    harness: Annotated[Path | None, Parameter(show_default=False)] = None,
    settings: EvalFlags = None,
    json: Json = False,
) -> None:
    """Let checkpoints take an exam, and say whether one is better.

    They answer closed-book; where a reader was trained, what it finds in the books is scored beside them.

    Args:
        checkpoints: Runs' names, RUN/last, RUN/step-020000, or folders.
        exam: Questions, one JSON object a line; default: made from the workspace's records.
        harness: Write the exam into this folder as tasks of lm-evaluation-harness instead of taking it.
    """
    from ..evaluation import compare_stage
    from ..evaluation import stage as exam_stage

    ws = place.workspace()
    recipe = ws.recipe({"eval": given(settings)})
    if harness is not None:
        output.facts(compare_stage.export_harness(ws, recipe, harness, exam), json)
        return
    if not checkpoints:
        raise InputError(tr("name at least one checkpoint: {jianghu} eval chat"))
    results = [exam_stage.exam(ws, recipe, name, exam, tr("exam {name}", name=name)) for name in checkpoints]
    if json:
        output.as_json([{**result.to_dict(), "file": result.file} for result in results])
        return
    for result in results:
        scores.table(result)
        output.say(tr("answers: {path}", path=ws.root / result.file))
    scores.verdicts(checkpoints, compare_stage.verdicts(results))
