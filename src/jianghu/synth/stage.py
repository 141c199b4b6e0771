"""Chapters → question-answer records, split by fact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .. import files
from ..corpus import Chapter, read_chapters, shelf_lexicons
from ..llm.budget import Budget
from ..llm.runner import Summary, run_strategies
from ..llm.store import Store
from ..messages import tr
from ..names import Lexicon
from ..progress import Progress
from ..recipe import Recipe, Strategy
from ..records import RECORD_FILES
from ..workspace import Manifest, Workspace
from .assemble import RecordFacts, RecordSet
from .coverage import Brief
from .edits import Edits
from .exchange import reread_imports
from .strategies import STRATEGIES
from .teacher import asks_teacher, serving, shelf_of, strategies_of, write_coverage, write_rewrites
from .written import facts_files

TRANSPORT = {
    *("concurrency", "timeout", "retries", "key_env", "keys_file", "rpm", "tpm", "accounts", "provider"),
    *("teacher", "format", "thinking_off", "limits_by", "certificates", "verify"),
    *("currency", "price_in", "price_cached", "price_out", "peak_hours", "peak_factor", "prices_read", "prices_page"),
}
"""Settings of the teacher that decide how requests travel, not what they say."""
NO_RECORDS = {"lexicon", "rewrite"}
"""Strategies that make no question-answer records."""


class SynthFacts(RecordFacts, total=False):
    """What a run of the stage brought.

    Attributes:
        rewrites: texts for pretraining. coverage: book → in brief.
    """

    teacher: Summary
    rewrites: int
    coverage: dict[str, Brief]


def synth_manifest(ws: Workspace, recipe: Recipe) -> Manifest:
    beside = [*sorted(ws.books.glob("*.lexicon.json")), *facts_files(ws.books).values()]
    settings = recipe.synth.model_dump(exclude={"teacher": TRANSPORT, "judge": True, "rivals": True})
    prompts = sorted(ws.prompts.glob("*.md"))
    settings["teacher"]["gguf"] = Path(recipe.synth.teacher.gguf).name  # a shelf may be moved
    if not asks_teacher(recipe):
        prompts = []
        del settings["teacher"]
    made = Manifest(ws.hashes([ws.chapters, *beside, *prompts]), settings, recipe.flags("synth"))
    return with_edits(ws, made, Edits(ws.edits))


def with_edits(ws: Workspace, manifest: Manifest, edits: Edits) -> Manifest:
    """The manifest of records to which these edits were applied; by what holds, so that an undo makes them fresh."""
    name, digest = ws.shown(ws.edits), edits.digest()
    others = {path: hash_ for path, hash_ in manifest.inputs.items() if path != name}
    return replace(manifest, inputs={**others, **({name: digest} if digest else {})})


def synth_stale(ws: Workspace, recipe: Recipe, but_for_edits: bool = False) -> str | None:
    """Why `synth` has work to do, or None.

    Args:
        but_for_edits: leave out of account what a person decided since.
    """
    outputs = [ws.records / f"{name}.jsonl" for name in (*RECORD_FILES, "statements")]
    if "rewrite" in recipe.synth.strategies:
        outputs.append(ws.rewrites)
    now, then = synth_manifest(ws, recipe), ws.recorded(ws.records)
    if but_for_edits and then is not None:
        name = ws.shown(ws.edits)
        others = {path: hash_ for path, hash_ in now.inputs.items() if path != name}
        now = replace(now, inputs={**others, **{path: then.inputs[path] for path in [name] if path in then.inputs}})
    return ws.why_stale(ws.records, now, outputs)


def lexicons_of(ws: Workspace, chapters: list[Chapter]) -> dict[str, Lexicon]:
    """The names of each book: from BOOK.lexicon.json beside it, else found in its text."""
    return shelf_lexicons(ws.books, chapters)


def synth(
    ws: Workspace,
    recipe: Recipe,
    budget: Budget | None = None,
    batch: bool = False,
    asking: Sequence[Strategy] = (),
) -> SynthFacts:
    """Question-answer records, written to data/records, split by fact.

    Args:
        budget: what the teacher may be asked; records are written of what there is then.
        batch: ask by the provider's batch API.
        asking: strategies to go through now, instead of the recipe's; the records of the recipe's strategies, and
            what was asked before, stay beside theirs.

    Raises:
        InputError: nothing is prepared, or a strategy lacks what it needs (a key, an endpoint, the bundled novel).
        RunError: the teacher could not go on; what it wrote is kept, and the same command continues.
    """
    chapters = read_chapters(ws.chapters)
    facts: SynthFacts = {}
    now = with_strategies(recipe, asking) if asking else recipe
    made = [name for name in now.synth.strategies if name not in STRATEGIES and name not in recipe.synth.strategies]
    recipe = with_strategies(recipe, [*recipe.synth.strategies, *made]) if made else recipe
    with files.lock(ws.records, "data/records"), Store(ws.store) as store:
        manifest = synth_manifest(ws, recipe)
        shelf = shelf_of(ws, recipe, chapters, store)
        if asks_teacher(now):
            with serving(now) as served, teacher_progress(tr("teacher")) as show:
                strategies, teacher = strategies_of(ws, served, shelf), served.synth.teacher
                facts["teacher"] = run_strategies(
                    strategies, chapters, store, teacher, show, budget=budget, batch=batch
                )
        if "rewrite" in now.synth.strategies:
            facts["rewrites"] = write_rewrites(ws, store)
        if set(now.synth.strategies) <= NO_RECORDS:
            return facts
        shelf.learn()
        reread_imports(shelf, store)
        names = {book: shelf.names(book) for book in shelf.books}
        edits = Edits(ws.edits)  # as of now: a person decides while the teacher writes
        record_set = RecordSet(recipe, ws.books, chapters, names, store, must_have=tuple(asking), edits=edits)
        record_set.decide()
        record_set.write(ws)
        if asks_teacher(now):
            facts["coverage"] = write_coverage(ws, store, shelf, record_set.made)
        ws.record(ws.records, with_edits(ws, manifest, edits))
    return {**facts, **record_set.facts}


def with_strategies(recipe: Recipe, strategies: Sequence[Strategy]) -> Recipe:
    """The recipe with other strategies."""
    return recipe.model_copy(update={"synth": recipe.synth.model_copy(update={"strategies": list(strategies)})})


@contextmanager
def teacher_progress(title: str) -> Iterator[Callable[[Summary], None]]:
    """A display for a run of strategies: what `run_strategies` takes as `on_progress`."""
    with Progress(title, 1) as progress:

        def show(now: Summary) -> None:
            progress.total = max(1, now.total)
            progress.update(
                now.done,
                records=str(now.records),
                rejected=str(sum(now.rejected.values())),
                tokens=str(now.tokens),
                cost=f"{now.cost:.4f}",
            )

        yield show
