"""`synth run`, `preview`, `status`, `coverage` and `prompts`: question-answer records."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from ..errors import InputError
from ..messages import tr
from ..recipe import Recipe, Strategy
from ..workspace import Workspace
from . import exchange, place, synth_output, synth_status
from .flags import Json, SynthFlags, TeacherFlags, given

app = App(name="synth", help="Make question-answer records from the books.", sort_key=6)
app.command(exchange.judge)
app.command(exchange.apply)
app.command(exchange.export)
app.command(exchange.import_, name="import")
app.command(exchange.teachers)

Strategies = Annotated[list[Strategy] | None, Parameter(negative="")]


@app.command
def run(
    *,
    strategy: Strategies = None,
    limit: int | None = None,
    budget: float | None = None,
    token_budget: int | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    batch: Annotated[bool, Parameter(negative="")] = False,
    settings: SynthFlags = None,
    teacher: TeacherFlags = None,
    json: Json = False,
) -> None:
    """Make the records and write data/records. A run that was stopped goes on where it was.

    Args:
        strategy: Go through these now instead of the recipe's; may be repeated. cloze needs no teacher, facts is the
            best that asks one, lexicon finds the names of a book, rewrite writes texts for pretraining. The records
            of the recipe's other strategies, and those asked for before, stay.
        limit: Ask at most so many requests in this run.
        budget: Spend at most so much money in this run, by price_in and price_out.
        token_budget: Use at most so many tokens in this run.
        dry_run: Only show how many requests there will be and what they cost.
        batch: By the provider's batch API: half the price, within a day. Takes no limit and no budget.
    """
    from ..llm.budget import Budget
    from ..synth import preview
    from ..synth import stage as synth_stage

    ws = place.workspace()
    recipe = _recipe(ws, settings, teacher)
    prices = recipe.synth.teacher
    if budget is not None and not (prices.price_in or prices.price_out):
        raise InputError(tr("--budget counts by [synth.teacher] price_in and price_out, which are both 0. Set them."))
    if batch and (limit, budget, token_budget) != (None, None, None):
        raise InputError(tr("--batch sends all that is open at once; it goes with no --limit and no budget."))
    if dry_run:
        now = _recipe(ws, settings, teacher, strategy)
        synth_output.forecast(preview.synth_forecast(ws, now), json)
    else:
        asked = Budget(limit, budget, token_budget)
        synth_output.done(synth_stage.synth(ws, recipe, asked, batch, strategy or ()), json)


@app.command
def preview(
    count: int = 10, /, *, strategy: Strategies = None, teacher: TeacherFlags = None, json: Json = False
) -> None:
    """Ask a few requests, spread over the shelf, and show what came of them. They are kept, and not paid again.

    Args:
        count: How many.
        strategy: Instead of the recipe's strategies; may be repeated.
    """
    from ..synth import preview

    ws = place.workspace()
    synth_output.previews(preview.synth_preview(ws, _recipe(ws, None, teacher, strategy), count), json)


@app.command
def check(*, teacher: TeacherFlags = None, json: Json = False) -> None:
    """Try the teacher with one request: whether it answers, thinks and keeps to JSON, how fast it is, what it costs."""
    from ..synth.check import check_teacher

    ws = place.workspace()
    synth_output.checked(check_teacher(ws, _recipe(ws, None, teacher)), json)


@app.command
def status(*, watch: Annotated[bool, Parameter(negative="")] = False, json: Json = False) -> None:
    """Where the teacher's work stands; also from a second terminal while it runs.

    Args:
        watch: Show it again every second, until Ctrl-C.
    """
    from ..synth import preview

    ws = place.workspace()
    with preview.SynthStatus(ws, ws.recipe()) as work:
        if watch and not json:
            synth_status.watch(work.look)
        else:
            synth_status.show(work.look(), json)


@app.command
def coverage(*, json: Json = False) -> None:
    """Which chapters have facts and records, and of whom no question speaks; also while a run is writing."""
    from ..synth import preview

    ws = place.workspace()
    synth_status.coverage(preview.synth_coverage(ws, ws.recipe()), json)


@app.command
def prompts(
    names: list[str] | None = None,
    /,
    *,
    copy: Annotated[bool, Parameter(negative="")] = False,
    strategy: Strategies = None,
    json: Json = False,
) -> None:
    """The prompts that are used, and where each comes from: this package, or the folder prompts of the workspace.

    Args:
        names: Only these; otherwise those of the recipe's strategies.
        copy: Write them to prompts/NAME.md, to be edited there. A file that is there is never written over.
        strategy: Instead of the recipe's strategies; may be repeated.
    """
    from ..synth.prompt_files import synth_prompts

    ws = place.workspace()
    synth_output.prompts(synth_prompts(ws, _recipe(ws, None, None, strategy), names or (), copy), json)


def _recipe(ws: Workspace, settings: Any, teacher: Any, strategy: list[Strategy] | None = None) -> Recipe:
    own = given(settings)
    if strategy:
        own["strategies"] = list(strategy)
    return ws.recipe({"synth": {**own, "teacher": given(teacher)}})
