"""Interactive charts of the page, by Bokeh: values under the cursor, lines that the page's buttons switch.

Figures are found by the page's script through their `name`; it sets axis, language and colours.
"""

from __future__ import annotations

from typing import Any

from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure

from .facts import AXES, Facts, Part, Run
from .figures import scored_checkpoints

HEIGHT = 400
COLOURS = ("#a3302a", "#2f6f8f", "#1f7a5c", "#b07a1f", "#6c4f9c", "#7d5a44", "#b0466f", "#4f7a2a", "#3f5f9f", "#777777")
"""One a run, again from the front after the last; each stands out from light paper and from dark."""


def colours(runs: list[Run]) -> dict[str, str]:
    """A colour a run, the same in every chart."""
    return {run.name: COLOURS[number % len(COLOURS)] for number, run in enumerate(runs)}


def curves(name: str, runs: list[Run]) -> Any:
    """Bits per character of runs: of held-out text or answers with dots, of what is trained on as a thin line. The
    column `x` is what the axis switch fills. A star marks the best step."""
    chart = _figure(name, "step", "bits per character", HEIGHT)
    for run, colour in zip(runs, colours(runs).values(), strict=True):
        trained, scored, star = _source(run, "train"), _source(run, "val"), _source(run, "val", run.best)
        thin = chart.line("x", "y", source=trained, line_width=1.3, line_alpha=0.55, color=colour, name=run.name)
        line = chart.line("x", "y", source=scored, line_width=2.4, color=colour, name=run.name)
        chart.scatter("x", "y", source=scored, size=5, color=colour, name=run.name)
        chart.scatter("x", "y", source=star, size=15, marker="star", color=colour, name=run.name)
        tips = [("", "@run, @part"), ("bits", "@y{0.000}"), *((axis, f"@{axis}{{0,0.[00]}}") for axis in AXES)]
        chart.add_tools(HoverTool(renderers=[line, thin], tooltips=tips, mode="mouse"))
    return chart


def scores(name: str, runs: list[Run]) -> Any | None:
    """The share of right answers that chooses each run's checkpoint, over steps; None where no run has one."""
    scored = [run for run in runs if run.curve("score")]
    if not scored:
        return None
    chart = _figure(name, "step", "right answers", 300)
    for run in scored:
        colour, table = colours(runs)[run.name], _source(run, "score")
        line = chart.line("x", "y", source=table, line_width=2.4, color=colour, name=run.name)
        chart.scatter("x", "y", source=table, size=5, color=colour, name=run.name)
        star = _source(run, "score", run.best)
        chart.scatter("x", "y", source=star, size=15, marker="star", color=colour, name=run.name)
        chart.add_tools(HoverTool(renderers=[line], tooltips=[("", "@run"), ("step", "@x"), ("right", "@y{0.0%}")]))
    chart.y_range.start = 0
    return chart


def _source(run: Run, part: Part, only: int | None = None) -> ColumnDataSource:
    """A run's curve; `only`: of one step."""
    curve = [(point, loss) for point, loss in run.curve(part) if only is None or point.step == only]
    table: dict[str, list[Any]] = {axis: [getattr(point, axis) for point, _ in curve] for axis in AXES}
    table |= {"x": table["step"], "y": [loss for _, loss in curve]}
    table |= {"run": [run.name] * len(curve), "part": [part] * len(curve)}
    return ColumnDataSource(table)


def loss_and_answers(name: str, facts: Facts) -> Any | None:
    """Validation loss against right answers, a dot a checkpoint; None for fewer than two."""
    points = scored_checkpoints(facts)
    if len(points) < 2:
        return None
    labels, losses, rights = zip(*points, strict=True)
    source = ColumnDataSource({"label": labels, "x": losses, "y": rights})
    chart = _figure(name, "bits per character", "right answers", 300, y_range=(-0.02, max(0.1, max(rights) * 1.15)))
    chart.scatter("x", "y", source=source, size=10, color=COLOURS[0])
    chart.add_tools(HoverTool(tooltips=[("", "@label"), ("bits", "@x{0.000}"), ("right", "@y{0.0%}")]))
    return chart


def reliability(name: str, facts: Facts) -> Any | None:
    """What the reader's stated probabilities were worth: a dot for each tenth of them, the larger the more questions;
    on the line they would be exact. None where there is no reader."""
    rows = facts.reliability
    if not rows:
        return None
    most = max(row.questions for row in rows)
    source = ColumnDataSource(
        {
            "x": [row.probability for row in rows],
            "y": [row.right for row in rows],
            "n": [row.questions for row in rows],
            "size": [6 + 16 * (row.questions / most) ** 0.5 for row in rows],
        }
    )
    chart = _figure(name, "stated probability", "right answers", 300, x_range=(0, 1), y_range=(0, 1.05))
    chart.line([0, 1], [0, 1], line_dash="dashed", line_alpha=0.6, color=COLOURS[-1])
    dots = chart.scatter("x", "y", source=source, size="size", color=COLOURS[0])
    tips = [("", "@x{0.0%}"), ("right", "@y{0.0%}"), ("questions", "@n")]
    chart.add_tools(HoverTool(renderers=[dots], tooltips=tips))
    return chart


def _figure(name: str, x: str, y: str, height: int, **more: Any) -> Any:
    chart = figure(
        name=name, height=height, sizing_mode="stretch_width", tools="pan,box_zoom,reset", toolbar_location="above",
        x_axis_label=x, y_axis_label=y, background_fill_alpha=0, border_fill_alpha=0, outline_line_alpha=0,
        min_border_right=12, **more,
    )  # fmt: skip
    chart.toolbar.logo = None
    return chart
