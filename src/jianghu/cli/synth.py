"""`synth run`: question-answer records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ..recipe import Strategy
from ..workspace import Workspace
from . import handover, show
from .flags import SynthFlags, TeacherFlags, given

app = App(name="synth", help="Make question-answer records from the books.", sort_key=6)
app.command(handover.judge)
app.command(handover.export)
app.command(handover.import_, name="import")
app.command(handover.teachers)


@app.command
def run(
    *,
    strategy: Annotated[list[Strategy] | None, Parameter(negative="")] = None,
    settings: SynthFlags = None,
    teacher: TeacherFlags = None,
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> None:
    """Make the records and write data/records. A run that was stopped goes on where it was.

    Args:
        strategy: Instead of the recipe's strategies; may be repeated. cloze needs no teacher, facts is the best that
            asks one, lexicon finds the names of a book, rewrite writes texts for pretraining.
        json: Print JSON.
    """
    from .. import pipeline

    ws = Workspace(Path())
    own = given(settings)
    if strategy:
        own["strategies"] = list(strategy)
    recipe = ws.recipe({"synth": {**own, "teacher": given(teacher)}})
    show.facts(pipeline.synth(ws, recipe), json)
