"""Interactive charts of the page, by Bokeh: values under the cursor, lines that the page's buttons switch.

Figures are found by the page's script through their `name`; it sets axis, language and colours.
"""

from __future__ import annotations

from typing import Any

from bokeh.models import ColumnDataSource, HoverTool
from bokeh.palettes import Category20_20
from bokeh.plotting import figure

from ..evaluation import Scores
from .findings import scored_checkpoints
from .gather import AXES, Facts, Run

HEIGHT = 380


def colours(runs: list[Run]) -> dict[str, str]:
    """A colour a run, the same in every chart."""
    return {run.name: Category20_20[number * 2 % 20 + number // 10 % 2] for number, run in enumerate(runs)}


def curves(name: str, runs: list[Run]) -> Any:
    """Validation bits per character of runs; the column `x` is what the axis switch fills. A star marks the best."""
    chart = _figure(name, "step", "bits per character", HEIGHT)
    for run in runs:
        table = {axis: [point[axis] for point in run.points] for axis in AXES}
        table |= {"x": table["step"], "y": [point["val_bpc"] for point in run.points]}
        table["run"] = [run.name] * len(run.points)
        place = next(n for n, point in enumerate(run.points) if point["step"] == run.best)
        source = ColumnDataSource(table, name="line")
        star = ColumnDataSource({key: [column[place]] for key, column in table.items()}, name="best")
        colour = colours(runs)[run.name]
        line = chart.line("x", "y", source=source, line_width=2, color=colour, name=run.name)
        chart.scatter("x", "y", source=source, size=5, color=colour, name=run.name)
        chart.scatter("x", "y", source=star, size=13, marker="star", color=colour, name=run.name)
        tips = [("", "@run"), ("bits", "@y{0.000}"), *((axis, f"@{axis}{{0,0.[00]}}") for axis in AXES)]
        chart.add_tools(HoverTool(renderers=[line], tooltips=tips, mode="mouse"))
    return chart


def coverage(name: str, counts: dict[int, int]) -> Any:
    """Records of each chapter of a book, chapters without any included."""
    chapters = list(range(1, max(counts) + 1))
    source = ColumnDataSource({"x": chapters, "y": [counts.get(chapter, 0) for chapter in chapters]})
    chart = _figure(name, "chapter", "records", 200)
    chart.vbar("x", top="y", source=source, width=0.85, color="#4c78a8")
    chart.y_range.start = 0
    chart.add_tools(HoverTool(tooltips=[("chapter", "@x"), ("records", "@y")]))
    return chart


def bars(name: str, counts: dict[str, int], what: str) -> Any:
    """A bar for each of some counts, the longest at the top.

    Args:
        what: is counted.
    """
    names = sorted(counts, key=lambda kind: counts[kind])
    source = ColumnDataSource({"y": names, "x": [counts[kind] for kind in names]})
    chart = _figure(name, what, "", 80 + 26 * len(names), y_range=names)
    chart.hbar("y", right="x", source=source, height=0.7, color="#4c78a8")
    chart.x_range.start = 0
    chart.add_tools(HoverTool(tooltips=[("", "@y"), (what, "@x{0,0}")]))
    return chart


def shares(name: str, rows: list[tuple[str, Scores]]) -> Any:
    """Right answers with their 95 % intervals; `rows` are (checkpoint · group, scores)."""
    names = [label for label, _ in reversed(rows)]
    table = {"y": [label for label, _ in rows]}
    for key in ("accuracy", "low", "high", "questions"):
        table[key] = [getattr(scores, key) for _, scores in rows]
    source = ColumnDataSource(table)
    chart = _figure(name, "right answers", "", 80 + 24 * len(names), y_range=names, x_range=(-0.02, 1.02))
    chart.segment("low", "y", "high", "y", source=source, line_width=2, color="#4c78a8")
    chart.scatter("accuracy", "y", source=source, size=9, color="#4c78a8")
    tips = [("", "@y"), ("right", "@accuracy{0.0%}"), ("95 %", "@low{0.0%} – @high{0.0%}"), ("asked", "@questions")]
    chart.add_tools(HoverTool(tooltips=tips))
    return chart


def loss_and_answers(name: str, facts: Facts) -> Any | None:
    """Validation loss against right answers, a dot a checkpoint; None for fewer than two."""
    points = scored_checkpoints(facts)
    if len(points) < 2:
        return None
    labels, losses, rights = zip(*points, strict=True)
    source = ColumnDataSource({"label": labels, "x": losses, "y": rights})
    chart = _figure(name, "bits per character", "right answers", 300, y_range=(-0.02, max(0.1, max(rights) * 1.15)))
    chart.scatter("x", "y", source=source, size=10, color="#e45756")
    chart.add_tools(HoverTool(tooltips=[("", "@label"), ("bits", "@x{0.000}"), ("right", "@y{0.0%}")]))
    return chart


def _figure(name: str, x: str, y: str, height: int, **more: Any) -> Any:
    chart = figure(
        name=name, height=height, sizing_mode="stretch_width", tools="pan,box_zoom,reset", toolbar_location="above",
        x_axis_label=x, y_axis_label=y, background_fill_alpha=0, border_fill_alpha=0, outline_line_alpha=0.3,
        min_border_right=12, **more,
    )  # fmt: skip
    chart.toolbar.logo = None
    return chart
