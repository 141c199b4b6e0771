"""Facts → one self-contained HTML page: no request leaves it, and its data are text, never markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from bokeh.core.types import ID
from bokeh.embed import json_item
from bokeh.resources import Resources
from markupsafe import Markup

from .. import files
from ..evaluation import ExamResult
from ..evaluation.columns import explained, filled_columns, group_name
from ..evaluation.compare import marked
from ..messages import Both, both
from ..pages import as_data, templates
from . import charts, names
from .advice import advice
from .answering import Answering
from .facts import AXES, STAGES, Facts, Run
from .figures import figures, loss_finding, study_finding
from .starts import start_table

MAX_ANSWERS, MAX_ANSWERS_IN_ALL, MAX_STEPS = 200, 3000, 12
"""Answers of an exam and of all exams together, and steps of a run's samples, that the page holds, so that it stays
under 5 MB; more are taken evenly."""
MAX_COLUMNS = 3
"""Checkpoints whose answers stand side by side; the last one only on wide screens."""

T = TypeVar("T")


def write_page(path: Path, facts: Facts, model: Answering | None = None) -> None:
    """Write the report; with a model, it answers in the page."""
    files.write_text(path, page(facts, model))


def page(facts: Facts, model: Answering | None = None) -> str:
    """The page's HTML."""
    drawn: dict[str, Any] = {}
    for stage in STAGES:
        if runs := [run for run in facts.runs if run.stage == stage]:
            drawn[f"curves-{stage}"] = charts.curves(f"curves-{stage}", runs)
    for stage in ("sft", "dpo"):
        if (chart := charts.scores(f"scores-{stage}", [run for run in facts.runs if run.stage == stage])) is not None:
            drawn[f"scores-{stage}"] = chart
    if (chart := charts.loss_and_answers("loss-answers", facts)) is not None:
        drawn["loss-answers"] = chart
    if (chart := charts.reliability("reliability", facts)) is not None:
        drawn["reliability"] = chart
    columns = filled_columns(row for exam in facts.exams for row in exam.rows.values())
    data = {
        "charts": {name: json_item(chart, ID(name)) for name, chart in drawn.items()},
        "samples": {run.name: _samples(run) for run in facts.runs if run.samples},
        "answers": {label(exam): _answers(exam, len(facts.exams)) for exam in facts.exams},
        "groups": {group: group_name(group) for exam in facts.exams for group in exam.groups},
        "words": {word.en: word for word in _words()},
    }
    return (
        templates("report")
        .get_template("report.html.j2")
        .render(
            facts=facts,
            stages=[stage for stage in STAGES if f"curves-{stage}" in drawn],
            axes=AXES,
            colours={stage: charts.colours([run for run in facts.runs if run.stage == stage]) for stage in STAGES},
            drawn=drawn,
            samples=data["samples"],
            answer_columns=min(MAX_COLUMNS, len(facts.exams)),
            score_columns=columns,
            explained=explained(columns),
            label=label,
            group_name=group_name,
            names=names,
            advice=advice(facts),
            figures=figures(facts),
            study_finding=study_finding,
            loss_finding=loss_finding(facts),
            starts=start_table(facts),
            data=as_data(data),
            answering=model,
            model=as_data({**model.data, "exam": label(model.exam) if model.exam else None}) if model else "",
            bokeh=[Markup(text) for text in Resources(mode="inline", components=["bokeh"], log_level="warn").js_raw],
        )
    )


def label(exam: ExamResult) -> str:
    """An exam in short, as its file is called: checkpoint, and questions if they are not the workspace's own."""
    return Path(exam.file).name.removesuffix(".json").replace(".records", "")


def _words() -> list[Both]:
    """What the page's script says: axes, hints under the cursor, choices."""
    return [
        both("step"), both("tokens"), both("epochs"), both("seconds"), both("bits per character"),
        both("right answers"), both("stated probability"), both("all groups"), both("step {step}"),
        both("writing …"), both("stopped"), both("{tokens} tokens in {seconds} s"),
        both("cut after {tokens} tokens, {seconds} s"),
    ]  # fmt: skip


def _evenly(rows: list[T], most: int) -> list[T]:
    if len(rows) <= most:
        return rows
    return [rows[n * (len(rows) - 1) // (most - 1)] for n in range(most)]


def _samples(run: Run) -> list[dict[str, object]]:
    steps = set(_evenly(sorted({sample.step for sample in run.samples}), MAX_STEPS))
    return [vars(sample) for sample in run.samples if sample.step in steps]


def _answers(exam: ExamResult, exams: int) -> list[dict[str, object]]:
    """Rows for the page's script; `pieces` is the answer as `marked` cuts it."""
    keep = {"group", "question", "reference", "outcome", "finished"}
    chosen = _evenly(list(exam.answers), max(2, min(MAX_ANSWERS, MAX_ANSWERS_IN_ALL // exams)))
    return [{**answer.model_dump(include=keep), "pieces": marked(answer)} for answer in chosen]
