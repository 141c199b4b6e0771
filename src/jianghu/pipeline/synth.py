"""Chapters → question-answer records, split by fact."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .. import files
from ..corpus import Chapter, Lexicon, find_names, read_chapters, read_lexicon
from ..errors import InputError
from ..progress import Progress
from ..recipe import Recipe
from ..synth import (
    PassageStrategy,
    Record,
    Store,
    bundled_records,
    cloze_records,
    collect_records,
    run_strategies,
)
from ..workspace import Manifest, Workspace


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
    records: list[Record] = []
    facts: dict[str, Any] = {}
    with files.lock(ws.records, "data/records"):
        manifest = synth_manifest(ws, recipe)
        for strategy in dict.fromkeys(recipe.synth.strategies):
            if strategy == "cloze":
                made = cloze_records(chapters, lexicons_of(ws, chapters), recipe.synth)
            elif strategy == "bundled":
                try:
                    made = bundled_records(chapters, recipe.synth)
                except InputError as reason:  # presets name it, and most shelves hold other books
                    if len(recipe.synth.strategies) == 1:
                        raise
                    made, facts["bundled_left_out"] = [], str(reason)
            else:
                made, facts["teacher"] = _ask_teacher(ws, recipe, chapters)
            facts[strategy] = len(made)
            records += made
        records = list({record.question: record for record in reversed(records)}.values())[::-1]  # the first one stays
        if not records:
            raise InputError("no records were made. Add books with chapters, or another strategy in [synth].")
        ws.forget(ws.records)
        for split in ("train", "val", "test"):
            rows = [record.to_dict() for record in records if record.split == split]
            facts[split] = files.write_jsonl(ws.records / f"{split}.jsonl", rows)
        ws.record(ws.records, manifest)
    return facts


def _ask_teacher(ws: Workspace, recipe: Recipe, chapters: list[Chapter]) -> tuple[list[Record], dict[str, Any]]:
    with Store(ws.store) as store, Progress("teacher", 1) as progress:

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
        summary = run_strategies(strategies, chapters, store, recipe.synth.teacher, show)
        return collect_records(store, recipe.synth), asdict(summary)
