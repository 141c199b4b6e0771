"""`studies/NAME/results.json`: where a study stands, for the table on the terminal, the report and people.

The report needs neither Optuna nor the database: it reads this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from .. import files
from .study import Study
from .trial_queue import TrialQueue, TrialRow


class StudyResults(TypedDict):
    """Where a study stands.

    Attributes:
        file: as it was given to `jianghu sweep`. trials: best first, then those without a value.
    """

    study: str
    title: str
    title_zh: str
    question: str
    question_zh: str
    goal: str
    stages: list[str]
    file: str
    trials: list[TrialRow]


def write_results(folder: Path, study: Study, queue: TrialQueue, file: str) -> StudyResults:
    """Write and return the results.

    Trials that a changed file no longer names are left out.
    """
    settings = study.settings
    rows = queue.rows()
    if settings.search is None:
        keys = {trial.key for trial in study.trials()}
        rows = [row for row in rows if row["key"] in keys]
    sign = 1 if settings.goal == "val_bpc" else -1
    rows.sort(key=lambda row: (row["value"] is None, sign * (row["value"] or 0), row["number"]))
    results: StudyResults = {
        "study": study.name,
        "title": settings.title,
        "title_zh": settings.title_zh,
        "question": settings.question,
        "question_zh": settings.question_zh,
        "goal": settings.goal,
        "stages": list(settings.stages),
        "file": file,
        "trials": rows,
    }
    files.write_json(folder / "results.json", results)
    return results
