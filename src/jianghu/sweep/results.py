"""`studies/NAME/results.json`: where a study stands, for the table on the terminal, the report and people.

The report needs neither Optuna nor the database: it reads this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import files
from .study import Study
from .trials import Ledger


def write_results(folder: Path, study: Study, ledger: Ledger, file: str) -> dict[str, Any]:
    """Write and return the results.

    Returns:
        study, title, title_zh, question, question_zh, goal, stages, file (as given to `jianghu sweep`), and
        `members`: the ledger's rows, best first, then those without a value. Members that a changed file no longer
        names are left out.
    """
    settings = study.settings
    rows = ledger.rows()
    if settings.search is None:
        keys = {member.key for member in study.members()}
        rows = [row for row in rows if row["key"] in keys]
    sign = 1 if settings.goal == "val_bpc" else -1
    rows.sort(key=lambda row: (row["value"] is None, sign * (row["value"] or 0), row["number"]))
    results = {
        "study": study.name,
        **settings.model_dump(include={"title", "title_zh", "question", "question_zh", "goal", "stages"}),
        "file": file,
        "members": rows,
    }
    files.write_json(folder / "results.json", results)
    return results
