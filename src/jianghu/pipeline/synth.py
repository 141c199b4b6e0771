"""Chapters → question-answer records, split by fact."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .. import files
from ..corpus import Chapter, Lexicon, find_names, read_chapters, read_lexicon
from ..progress import Progress
from ..recipe import Recipe
from ..synth import PassageStrategy, Store, run_strategies
from ..workspace import Manifest, Workspace
from .records import Gathered


def synth_manifest(ws: Workspace, recipe: Recipe) -> Manifest:
    lexicons = sorted(ws.books.glob("*.lexicon.json"))
    settings = recipe.synth.model_dump(exclude={"teacher": {"concurrency", "timeout", "retries", "key_env"}})
    if "passage" not in recipe.synth.strategies:
        del settings["teacher"]
    return Manifest(ws.hashes([ws.chapters, *lexicons]), settings)


def synth_stale(ws: Workspace, recipe: Recipe) -> str | None:
    """Why `synth` has work to do, or None."""
    outputs = [ws.records / f"{split}.jsonl" for split in ("train", "val", "test")]
    return ws.why_stale(ws.records, synth_manifest(ws, recipe), outputs)


def lexicons_of(ws: Workspace, chapters: list[Chapter]) -> dict[str, Lexicon]:
    """The names of each book: from BOOK.lexicon.json beside it, else found in its text."""
    result = {}
    for book in sorted({chapter.book for chapter in chapters}):
        path = ws.books / f"{book}.lexicon.json"
        own = [chapter for chapter in chapters if chapter.book == book]
        result[book] = read_lexicon(path) if path.exists() else find_names(own)
    return result


def synth(ws: Workspace, recipe: Recipe) -> dict[str, Any]:
    """Question-answer records by the recipe's strategies, written to data/records, split by fact.

    Raises:
        InputError: nothing is prepared, or a strategy lacks what it needs (a key, an endpoint, the bundled novel).
        RunError: the teacher could not go on; what it wrote is kept, and the same command continues.
    """
    chapters = read_chapters(ws.chapters)
    lexicons = lexicons_of(ws, chapters)
    facts: dict[str, Any] = {}
    with files.lock(ws.records, "data/records"), Store(ws.store) as store:
        manifest = synth_manifest(ws, recipe)
        if "passage" in recipe.synth.strategies:
            facts["teacher"] = _ask_teacher(store, recipe, chapters)
        gathered = Gathered(recipe, chapters, lexicons, store)
        gathered.settle()
        gathered.write(ws)
        ws.record(ws.records, manifest)
    return facts | gathered.facts


def _ask_teacher(store: Store, recipe: Recipe, chapters: list[Chapter]) -> dict[str, Any]:
    with Progress("teacher", 1) as progress:

        def show(now: dict[str, Any]) -> None:
            progress.total = max(1, now["total"])
            progress.update(
                now["done"],
                records=str(now["records"]),
                rejected=str(sum(now["rejected"].values())),
                tokens=str(now["tokens"]),
                cost=f"{now['cost']:.4f}",
            )

        strategies = [PassageStrategy(chapters, recipe.synth)]
        return asdict(run_strategies(strategies, chapters, store, recipe.synth.teacher, show))
