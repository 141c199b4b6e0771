"""Facts → one self-contained HTML page: no request leaves it, and its data are text, never markup."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from bokeh.core.types import ID
from bokeh.embed import json_item
from bokeh.resources import Resources
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from .. import files
from ..evaluation import ExamResult, Scores
from ..evaluation.compare import marked
from . import charts
from .advice import advice
from .findings import findings
from .gather import Facts, Run

MOST_ANSWERS, ALL_ANSWERS, MOST_STEPS = 200, 3000, 12
"""Answers of an exam and of all exams together, and steps of a run's samples, that the page holds, so that it stays
under 5 MB; more are taken evenly."""
MOST_COLUMNS = 3
"""Checkpoints whose answers stand side by side; the last one only on wide screens."""


def write_page(path: Path, facts: Facts) -> None:
    """Write the report."""
    files.write_text(path, page(facts))


def page(facts: Facts) -> str:
    """The page's HTML."""
    drawn: dict[str, Any] = {}
    for stage in ("pretrain", "sft"):
        runs = [run for run in facts.runs if run.stage == stage]
        if runs:
            drawn[f"curves-{stage}"] = charts.curves(f"curves-{stage}", runs)
    for number, counts in enumerate(facts.records["chapters"].values()):
        drawn[f"coverage-{number}"] = charts.coverage(f"coverage-{number}", counts)
    if facts.records["kinds"]:
        drawn["kinds"] = charts.bars("kinds", facts.records["kinds"], "records")
    if facts.teacher.get("rejected"):
        drawn["rejected"] = charts.bars("rejected", facts.teacher["rejected"], "rejected")
    if rows := exam_rows(facts):
        drawn["shares"] = charts.shares("shares", rows)
    if (chart := charts.loss_and_answers("loss-answers", facts)) is not None:
        drawn["loss-answers"] = chart
    data = {
        "charts": {name: json_item(chart, ID(name)) for name, chart in drawn.items()},
        "samples": {run.name: _samples(run) for run in facts.runs if run.samples},
        "answers": {label(exam): _answers(exam, len(facts.exams)) for exam in facts.exams},
    }
    room = resources.files("jianghu").joinpath("report")
    look = Environment(loader=PackageLoader("jianghu", "report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return look.get_template("page.html.j2").render(
        facts=facts,
        stages=[stage for stage in ("pretrain", "sft") if f"curves-{stage}" in drawn],
        colours={
            name: colour
            for stage in ("pretrain", "sft")
            for name, colour in charts.colours([run for run in facts.runs if run.stage == stage]).items()
        },
        drawn=drawn,
        columns=min(MOST_COLUMNS, len(facts.exams)),
        label=label,
        advice=advice(facts),
        findings=findings(facts),
        # In a script element "</" ends it and "<!--" hides its end: every "<" is written so that JSON reads the same.
        data=Markup(json.dumps(data, ensure_ascii=False, default=_plain).replace("<", "\\u003c")),
        style=Markup(room.joinpath("page.css").read_text(encoding="utf-8")),
        script=Markup(room.joinpath("page.js").read_text(encoding="utf-8")),
        bokeh=[Markup(text) for text in Resources(mode="inline", components=["bokeh"], log_level="warn").js_raw],
    )


def label(exam: ExamResult) -> str:
    """An exam in short, as its file is called: checkpoint, and questions if they are not the workspace's own."""
    return Path(exam.file).name.removesuffix(".json").removesuffix(".records")


def exam_rows(facts: Facts) -> list[tuple[str, Scores]]:
    """(checkpoint and group, scores) of every exam; the whole exam where it has one group only."""
    rows = []
    for exam in facts.exams:
        rows += [(f"{label(exam)} · {group}", scores) for group, scores in exam.rows.items() if scores.questions]
    return rows


def _even(rows: list[Any], most: int) -> list[Any]:
    if len(rows) <= most:
        return rows
    return [rows[n * (len(rows) - 1) // (most - 1)] for n in range(most)]


def _samples(run: Run) -> list[dict[str, Any]]:
    steps = set(_even(sorted({row["step"] for row in run.samples}), MOST_STEPS))
    return [row for row in run.samples if row["step"] in steps]


def _answers(exam: ExamResult, exams: int) -> list[dict[str, Any]]:
    """Rows for the page's script; `pieces` is the answer as `marked` cuts it."""
    keep = {"group", "question", "reference", "outcome", "finished"}
    rows = _even(list(exam.answers), max(2, min(MOST_ANSWERS, ALL_ANSWERS // exams)))
    return [{**answer.model_dump(include=keep), "pieces": marked(answer)} for answer in rows]


def _plain(value: Any) -> Any:
    """Arrays and the like, of which Bokeh's items may hold some."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
