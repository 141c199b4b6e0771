"""`init`, `prepare`, `run`, `status`: a workspace and its stages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.text import Text

from .. import files
from ..errors import InputError
from ..jobs import Jobs
from ..messages import command, phrase, tr, use_language
from ..progress import spinner
from ..recipe import load_recipe, to_toml
from ..workspace import RECIPE, Workspace
from . import output, place, run_plan, scores, synth_output
from .flags import Json, ReaderFlags, RunFlags, SplitFlags, TokenizerFlags, given, given_to_stages
from .train import tell

ByRecipe = Annotated[
    bool,
    Parameter(
        negative="", show_default=False, help="Make anew, by jianghu.toml alone, what was made with flags before."
    ),
]


def init(directory: Path, *, preset: Literal["demo", "evening", "seed", "modern"] = "modern") -> None:
    """Make a new workspace with a commented jianghu.toml.

    Args:
        directory: The folder to make.
        preset: demo: 2 cores, minutes. evening: 2 cores, hours. seed: the original report's settings. modern: our best.
    """
    path = directory / RECIPE
    if path.exists():
        raise InputError(tr("{path} already exists; edit it, or choose another folder.", path=path))
    (directory / "books").mkdir(parents=True, exist_ok=True)
    files.write_text(path, to_toml(load_recipe(preset=preset)))
    place.use_root(directory)
    output.console.print(
        tr("Made {path}. Next: {jianghu} books add NOVEL.txt, then {jianghu} run", path=path),
        markup=False,
        soft_wrap=True,
    )


def prepare(
    *,
    tokenizer: TokenizerFlags = None,
    split: SplitFlags = None,
    json: Json = False,
) -> None:
    """Chapters, tokenizer and tokens from the books."""
    from ..dataset import stage as dataset_stage

    ws = place.workspace()
    recipe = ws.recipe({"tokenizer": given(tokenizer), "split": given(split)})
    with spinner(tr("Reading the books, training the tokenizer …")):
        facts = dataset_stage.prepare(ws, recipe)
    output.facts(facts, json)


def reader(*, settings: ReaderFlags = None, json: Json = False) -> None:
    """Train the reader, which finds answers in the books.

    `ask`, `chat`, the page and the server then show what the book says beside what the model says.
    """
    from ..reader import stage as reader_stage

    ws = place.workspace()
    output.facts(reader_stage.train_reader(ws, ws.recipe({"reader": given(settings)})), json)


def run(*, by_recipe: ByRecipe = False, flags: RunFlags = None) -> None:
    """Every stage in order, repeating only what is stale.

    Says beforehand what it will do, and how long training takes. What was made with flags stays as it was made. A flag
    given here is that of its stage: --pretrain.max-iters.
    """
    from .. import pipeline
    from ..evaluation import ExamResult

    ws = place.workspace()
    recipe = pipeline.pipeline_recipe(ws, given_to_stages(flags), by_recipe)
    planned = pipeline.plan_run(ws, recipe)
    if not all(row.fresh for row in planned):
        with spinner(tr("Measuring a few steps on this machine …")):
            planned = pipeline.with_times(ws, recipe, planned)
        run_plan.show(planned)
    for stage, why, facts in pipeline.run_all(ws, recipe, output.say, place.this_command()):
        if why:
            output.console.print(Text.assemble((stage.name, "bold"), f": {why}"))
        elif facts is None:
            output.console.print(Text.assemble((stage.name, "bold"), ": ", tr("fresh")))
        elif isinstance(facts, ExamResult):
            scores.table(facts)
        elif stage.name == "synth":
            synth_output.done(facts, as_json=False)
        elif isinstance(facts, dict):
            output.facts(facts)
        else:
            tell(ws, pipeline.RUNS[stage.name], facts)


def status(*, json: Json = False) -> None:
    """What is done, what is stale and why; jobs; all checkpoints."""
    from .. import pipeline

    ws = place.workspace()
    if json:
        use_language("en")  # what programs read is the same for all
    planned = pipeline.plan_run(ws, pipeline.pipeline_recipe(ws))
    starts = _starts(ws)
    if json:
        facts: dict[str, object] = {row.name: run_plan.state(row) for row in planned}
        facts["set_aside"] = {row.name: row.aside for row in planned if row.aside}
        facts["kept_flags"] = {row.name: row.flags for row in planned if row.flags}
        facts["jobs"] = [job.to_dict() for job in Jobs(ws.root).news()]
        output.as_json({**facts, "checkpoints": ws.checkpoints(), "started_from": starts})
        return
    run_plan.show(planned)
    for job in Jobs(ws.root).news():
        output.say(f"{command(*job.words)}: {phrase(job.state)}{f' ({job.last})' if job.last else ''}")
    output.say(tr("checkpoints: {names}", names=", ".join(ws.checkpoints()) or tr("none yet")))
    if starts:
        told = ", ".join(f"{run} ← {start}" for run, start in starts.items())
        output.say(tr("started from: {runs}", runs=told))


def _starts(ws: Workspace) -> dict[str, str]:
    """Of each run that began from a checkpoint: which."""
    from ..model.sources import source_name

    starts = {}
    for path in sorted(ws.runs.glob("*/checkpoints/last/jianghu.json")):
        about = files.read_json(path)
        if isinstance(about, dict) and about.get("from"):
            starts[path.parents[2].name] = source_name(str(about["from"]))
    return starts
