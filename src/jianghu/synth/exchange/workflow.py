"""Records out of a workspace for other programs, and into it from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ... import files
from ...corpus import read_chapters
from ...llm.store import Item, Store
from ...recipe import Recipe
from ...workspace import Workspace
from .. import Shelf
from ..assemble import RecordSet
from ..decisions import FILTER, Decisions
from ..stage import synth_manifest, synth_stale
from ..teacher import shelf_of
from . import Format, ImportStrategy, export_records, read_imports


def import_records(ws: Workspace, recipe: Recipe, paths: Sequence[Path]) -> dict[str, Any]:
    """Take records from files of other programs, pass them through the gates, and write data/records anew.

    Raises:
        InputError: a file is missing, empty, or in no known encoding; or none of all records stands.
    """
    chapters = read_chapters(ws.chapters)
    counted: Counter[str] = Counter()

    def count(items: Sequence[Item]) -> None:
        for item in items:
            counted[item.verdict] += 1
            if item.verdict == "accepted":
                counted["(repaired)"] += item.content["repaired"]
                counted["(evidence found)"] += item.content["start"] is not None

    with files.lock(ws.records, "data/records"), Store(ws.store) as store:
        shelf = shelf_of(ws, recipe, chapters, store)
        read_imports(ImportStrategy(shelf), store, paths, count)
        facts = write_anew(ws, recipe, gather(ws, recipe, shelf, store))
    kept = {name: counted.pop(key) for name, key in _KEPT.items()}
    return {**kept, "rejected": dict(counted.most_common()), **facts}


_KEPT = {"accepted": "accepted", "of_them_repaired": "(repaired)", "with_evidence": "(evidence found)"}


def export(ws: Workspace, recipe: Recipe, folder: Path, format: Format) -> dict[str, Any]:
    """Write the records that stand into a folder, with a manifest and a data card.

    Raises:
        InputError: there are no records, the folder holds other files, or Parquet is wanted without pyarrow.
    """
    chapters = read_chapters(ws.chapters)
    with Store(ws.store) as store:
        shelf = shelf_of(ws, recipe, chapters, store)
        record_set = gather(ws, recipe, shelf, store)
        judged, name = store.get_meta("judge"), store.get_meta(FILTER)
        about = {
            "inputs": ws.hashes([ws.chapters]),
            "settings": recipe.synth.model_dump(include={"strategies", "seed", "val_fraction", "test_fraction"}),
            "left_out": record_set.facts["left_out"],
            "contradictions": len(Decisions(store).repeats("contradiction")),
            "judge": _about_judge(judged, name),
        }
        done = export_records(record_set.active(), folder, format, about)
    return {"folder": str(folder), **dict(done.splits), "left_out": record_set.facts["left_out"]}


def gather(ws: Workspace, recipe: Recipe, shelf: Shelf, store: Store) -> RecordSet:
    """The records of a workspace, with what repeats and where each belongs decided."""
    shelf.learn()
    record_set = RecordSet(
        recipe, ws.books, list(shelf.chapters), {book: shelf.names(book) for book in shelf.books}, store
    )
    record_set.decide()
    return record_set


def write_anew(ws: Workspace, recipe: Recipe, record_set: RecordSet) -> dict[str, Any]:
    """Write data/records again after something was decided; they are no fresher than they were before."""
    fresh = synth_stale(ws, recipe) is None
    record_set.write(ws)
    if fresh:
        ws.record(ws.records, synth_manifest(ws, recipe))
    return record_set.facts


def _about_judge(judged: dict[str, Any] | None, filter: str | None) -> str | None:
    if not judged:
        return None
    use = "its verdicts decide what is left out" if filter == judged["judge"] else "nothing is left out for it"
    return (
        f"Judged by {judged['judge']}: wrong {judged['judged_wrong']}; measured on records with errors put in, its "
        f"recall is {judged['recall']} and its precision {judged['precision']}; {use}."
    )
