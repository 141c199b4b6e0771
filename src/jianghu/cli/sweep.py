"""`sweep`: studies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table

from ..errors import InputError, RunError
from ..messages import language, phrase, tr
from . import output, place
from .demo import demo_workspace
from .flags import Json

if TYPE_CHECKING:
    from ..sweep.results import StudyResults


def sweep(
    study: Path,
    *,
    scale: str | None = None,
    workers: int = 0,
    storage: str | None = None,
    memory: float = 0,
    retry_failed: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: Json = False,
    one_worker: Annotated[bool, Parameter(show=False, negative="")] = False,
) -> None:
    """Run a study, or go on with one: training with settings varied.

    Where the current folder is no workspace, the demo's is taken: ./demo, with the bundled novel.

    Args:
        study: A study that comes with jianghu, such as learning_rate, or a TOML file of your own.
        scale: Another size of the study, such as cpu.
        workers: Trials trained at once; 0: one a core, two on a GPU.
        storage: A database URL, for several machines on one study; default: a journal file in the workspace.
        memory: GB that trials may take together; 0: 80 % of the machine's, or 90 % of the GPU's.
        retry_failed: Try failed trials again.
    """
    try:
        from ..recipe.study import find_study
        from ..sweep import run as studies
        from ..sweep.workers import end_with_parent
    except ModuleNotFoundError as error:
        raise InputError(tr('studies need {name}: pip install "jianghu[studies]"', name=error.name)) from None

    if workers < 0 or memory < 0:
        raise InputError(tr("--workers and --memory cannot be negative; 0 lets jianghu choose."))
    file = find_study(study).absolute()
    ws = place.workspace_if_any() or demo_workspace(Path("demo"))
    opened = studies.open_study(ws, file, scale)
    if one_worker:
        end_with_parent()
        studies.work(ws, opened, storage, int(memory * 1e9) or None)
        return
    command = [sys.executable, "-m", "jianghu", "sweep", str(file), "--one-worker", "--memory", str(memory)]
    command += ["--scale", scale] if scale else []
    command += ["--storage", storage] if storage else []
    results = studies.run_study(ws, opened, str(study), command, workers, storage, retry_failed, output.console.print)
    if json:
        output.as_json(results)
    else:
        _table(results)
        output.say(tr("results: {file}", file=studies.study_folder(ws, opened) / "results.json"))
    failed = sum(row["state"] == "failed" for row in results["trials"])
    if failed:
        raise RunError(
            tr(
                "{failed} of {trials} trials failed, the others are done. --retry-failed tries them again.",
                failed=failed,
                trials=len(results["trials"]),
            )
        )


def _table(results: StudyResults) -> None:
    """A row a trial, best first."""
    title, question = results["title"], results["question"]
    if language() == "zh":
        title, question = results["title_zh"] or title, results["question_zh"] or question
    table = Table(title=title, title_justify="left", caption=question or None, box=None)
    table.add_column(tr("run"), no_wrap=True)
    for name in (tr("bits per character"), tr("best step"), tr("steps"), tr("seconds"), tr("right")):
        table.add_column(name, justify="right")
    for row in results["trials"]:
        outcome = row["outcome"]
        if row["state"] != "done" or outcome is None:
            table.add_row(row["name"], row["error"] or phrase(row["state"]))
            continue
        right = f"{outcome['accuracy']:.1%}" if "accuracy" in outcome else ""
        figures = (f"{outcome['best_val']:.4f}", f"{outcome['best_step']}", f"{outcome['step']}")
        table.add_row(row["name"], *figures, f"{outcome['seconds']:.0f}", right)
    output.console.print(table)
