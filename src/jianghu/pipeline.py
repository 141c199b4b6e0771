"""`jianghu run`: every stage in order, repeating only what is stale, and saying beforehand what it will do and why.

What was made with flags on the command line stays as it was made: those flags are laid over the recipe again, unless
other ones are given for the same stage, or the recipe alone is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .dataset.stage import prepare, prepare_stale
from .errors import InputError
from .evaluation.stage import exam, exam_stale
from .messages import command
from .model.hubs import NotFetched
from .model.sources import find_source
from .reader.stage import reader_stale, train_reader
from .recipe import Recipe, merge
from .synth.stage import synth, synth_stale
from .training.plan import plan
from .training.stage import name_aside, train_manifest, train_on, train_stale
from .workspace import BASE, CHAT, Workspace

GROUPS = {
    "prepare": ("books", "split", "tokenizer"),
    "synth": ("synth",),
    "reader": ("reader",),
    "pretrain": ("pretrain", "model"),
    "sft": ("sft",),
    "eval": ("eval",),
}
"""The groups of settings of each stage; the order is that of the stages."""

RUNS = {"pretrain": BASE, "sft": CHAT}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline: `stale` says why it must be done (None: it is fresh), `work` does it."""

    name: str
    stale: Callable[[], str | None]
    work: Callable[[], Any]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """What `run` would do with a stage.

    Attributes:
        why: it is done; None: as it stands it is fresh.
        after: stages it depends on that are done before it; what they make decides whether it is done too.
        flags: settings from the command line by which its artifact was made, and which are kept.
        aside: the name under which an older run is kept, if a new one takes its place.
        resumes: it goes on where it was left.
        seconds: that it takes, as `plan` measures them; None: not measured.
    """

    name: str
    why: str | None
    after: tuple[str, ...] = ()
    flags: str = ""
    aside: str | None = None
    resumes: bool = False
    seconds: float | None = None

    @property
    def fresh(self) -> bool:
        """Whether nothing is to be done, whatever the other stages make."""
        return self.why is None and not self.after


def pipeline_recipe(ws: Workspace, flags: Mapping[str, object] | None = None, by_recipe: bool = False) -> Recipe:
    """The recipe of the workspace, with the flags by which its artifacts were made and those that are given now.

    Args:
        flags: nested dictionaries. Those of a stage take the place of all by which its artifact was made.
        by_recipe: keep no flag of before.

    Raises:
        InputError: a setting cannot be used.
    """
    given = {group: own for group, own in (flags or {}).items() if own}
    kept: dict[str, object] = {}
    for stage, artifact in _artifacts(ws).items():
        then = ws.recorded(artifact)
        if then and not by_recipe and not given.keys() & set(GROUPS[stage]):
            kept |= then.flags
    overrides = merge(kept, given)
    return ws.recipe(overrides or None)


def stages(ws: Workspace, recipe: Recipe, say: Say = lambda text: None, go_on: str = "") -> list[Stage]:
    """The pipeline of a workspace.

    Args:
        say: is told what is set aside.
        go_on: the command that goes on with all of it, for the message after Ctrl-C.
    """

    def training(stage: str, *needs: str) -> Stage:
        name = RUNS[stage]

        def stale() -> str | None:
            try:
                return train_stale(ws, recipe, stage, name, _source(ws, recipe, stage))
            except NotFetched as missing:  # the work fetches it
                return str(missing)

        return Stage(
            stage,
            stale,
            lambda: train_on(
                ws, recipe, stage, name, _source(ws, recipe, stage, say), say=say, go_on=go_on or command("run")
            ),
            needs,
        )

    from_base = recipe.sft.init_from.partition("/")[0] == BASE  # else no model of the books alone is needed
    return [
        Stage("prepare", lambda: prepare_stale(ws, recipe), lambda: prepare(ws, recipe)),
        Stage("synth", lambda: synth_stale(ws, recipe), lambda: synth(ws, recipe), ("prepare",)),
        Stage("reader", lambda: reader_stale(ws, recipe), lambda: train_reader(ws, recipe), ("prepare", "synth")),
        *([training("pretrain", "prepare", *(["synth"] if recipe.pretrain.mixture else []))] if from_base else []),
        training("sft", "synth", *(["pretrain"] if from_base else [])),
        Stage(
            "eval",
            lambda: exam_stale(ws, recipe, CHAT),
            lambda: exam(ws, recipe, CHAT),
            ("prepare", "synth", "reader", "sft"),
        ),
    ]


def _source(ws: Workspace, recipe: Recipe, stage: str, say: Say | None = None) -> Path | None:
    """The checkpoint that a training starts from; fetched, if it is not here, where `say` can be told so."""
    reference: str = getattr(recipe, stage).init_from
    if not reference:
        return None
    return find_source(ws, reference, fetch=say is not None, say=say or (lambda text: None))


def run_all(
    ws: Workspace, recipe: Recipe, say: Say = lambda text: None, go_on: str = ""
) -> Iterator[tuple[Stage, str | None, Any]]:
    """Do the stages in order.

    Yields (stage, why, None) before a stage is done and (stage, None, facts) after it; (stage, None, None) once
    for one that is fresh.
    """
    for stage in stages(ws, recipe, say, go_on):
        why = stage.stale()
        yield stage, why, None
        if why is not None:
            yield stage, None, stage.work()


def plan_run(ws: Workspace, recipe: Recipe) -> list[Planned]:
    """What `run_all` would do, as far as it can be known; only hashes are compared."""
    rows: list[Planned] = []
    for stage in stages(ws, recipe):
        after = tuple(row.name for row in rows if row.name in stage.needs and not row.fresh)
        row = Planned(stage.name, None, after)
        try:
            row = replace(row, why=stage.stale())
        except InputError as waiting:  # it needs what is not there yet
            row = replace(row, why=None if after else str(waiting))
        rows.append(_about_run(ws, recipe, _about_flags(ws, recipe, row)))
    return rows


def with_times(ws: Workspace, recipe: Recipe, rows: list[Planned]) -> list[Planned]:
    """The same rows with the seconds that training takes, measured for about two seconds a stage.

    Raises:
        InputError: see `plan`.
    """
    measured = [row.name for row in rows if row.name in RUNS and not row.fresh]
    try:
        runs = plan(ws, recipe, measured).runs if measured else {}
    except NotFetched:  # of which the shape is not known yet
        return rows
    return [replace(row, seconds=runs[row.name].seconds) if row.name in runs else row for row in rows]


def _artifacts(ws: Workspace) -> dict[str, Path]:
    """What each stage makes and `run` keeps; the exam is not among them, since it is taken anew in minutes."""
    runs = {stage: ws.run(name) for stage, name in RUNS.items()}
    return {"prepare": ws.data, "synth": ws.records, "reader": ws.reader, **runs}


def _about_flags(ws: Workspace, recipe: Recipe, row: Planned) -> Planned:
    artifact = _artifacts(ws).get(row.name)
    then = ws.recorded(artifact) if artifact else None
    flags = recipe.flags(*GROUPS[row.name])
    return replace(row, flags=words_of(flags)) if then and flags and then.flags == flags else row


def _about_run(ws: Workspace, recipe: Recipe, row: Planned) -> Planned:
    """What becomes of an older run of this name."""
    if row.fresh or row.name not in RUNS:
        return row
    folder = ws.run(RUNS[row.name])
    then = ws.recorded(folder)
    if then is None or not (folder / "metrics.jsonl").exists():
        return row
    if row.why is not None and not row.after:
        try:
            source = _source(ws, recipe, row.name)
        except NotFetched:
            return replace(row, aside=ws.shown(name_aside(folder)))
        if ws.why_stale(folder, train_manifest(ws, recipe, row.name, source), []) is None:
            return replace(row, resumes=True)
    return replace(row, aside=ws.shown(name_aside(folder)))


def words_of(flags: Mapping[str, object]) -> str:
    """Settings as they are typed: `--n-layer 2 --learning-rate 0.02`."""
    words = []
    for group in flags.values():
        for name, item in group.items() if isinstance(group, dict) else ():
            words.append(words_of({name: item}) if isinstance(item, dict) else f"--{name.replace('_', '-')} {item}")
    return " ".join(words)
