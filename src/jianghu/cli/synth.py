"""`synth run`: question-answer records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ..workspace import Workspace
from . import show
from .flags import SynthFlags, TeacherFlags, given

app = App(name="synth", help="Make question-answer records from the books.", sort_key=6)


@app.command
def run(
    *,
    strategy: Annotated[list[Literal["cloze", "passage", "bundled"]] | None, Parameter(negative="")] = None,
    settings: SynthFlags = None,
    teacher: TeacherFlags = None,
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> None:
    """Make the records and write data/records. A run that was stopped goes on where it was.

    Args:
        strategy: cloze: from text and names, no model. passage: by the teacher of the recipe. May be repeated.
        json: Print JSON.
    """
    from .. import pipeline

    ws = Workspace(Path())
    own = given(settings)
    if strategy:
        own["strategies"] = list(strategy)
    recipe = ws.recipe({"synth": {**own, "teacher": given(teacher)}})
    show.facts(pipeline.synth(ws, recipe), json)
