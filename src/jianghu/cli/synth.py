"""`synth run`: question-answer records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from .. import pipeline
from ..recipe import SynthSettings, TeacherSettings
from ..workspace import Workspace
from . import show
from .flags import flags_of, given

app = App(name="synth", help="Make question-answer records from the books.", sort_key=6)


@app.command
def run(
    *,
    strategy: Annotated[list[Literal["cloze", "passage", "bundled"]] | None, Parameter(negative="")] = None,
    settings: flags_of(SynthSettings) = None,
    teacher: flags_of(TeacherSettings) = None,
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> None:
    """Make the records and write data/records. A run that was stopped goes on where it was.

    Args:
        strategy: cloze: from text and names, no model. passage: by the teacher of the recipe. May be repeated.
        json: Print JSON.
    """
    ws = Workspace(Path())
    own = given(settings)
    if strategy:
        own["strategies"] = list(strategy)
    recipe = ws.recipe({"synth": {**own, "teacher": given(teacher)}})
    show.facts(pipeline.synth(ws, recipe), json)
