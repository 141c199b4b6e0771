"""Records out of a workspace for other programs, and into it from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ... import files
from ...corpus import read_chapters
from ...llm.store import Item, Store
from ...recipe import Recipe
from ...workspace import Workspace
from .. import Shelf
from ..assemble import RecordFacts, RecordSet
from ..decisions import FILTER, Decisions
from ..edits import Edits
from ..stage import synth_manifest, synth_stale, with_edits
from ..teacher import shelf_of
from . import Format, ImportStrategy, export_records, read_imports
from .importer import slots_of, undo_imports


class WrittenFacts(RecordFacts, total=False):
    """What data/records holds after it was written anew; `records` is 0 where there was nothing to write."""

    records: int


class ImportFacts(WrittenFacts, total=False):
    """What became of an import.

    Attributes:
        rows: of the files. rejected: by the reason. imported_before: files whose rows were there already.
        not_read: rows in which this program met a fault of its own. taken_back: files, of an import that was undone.
    """

    rows: int
    accepted: int
    of_them_repaired: int
    with_evidence: int
    imported_before: list[str]
    rejected: dict[str, int]
    not_read: str
    taken_back: list[str]


def import_records(ws: Workspace, recipe: Recipe, paths: Sequence[Path]) -> ImportFacts:
    """Take records from files of other programs, pass them through the gates, and write data/records anew.

    Returns:
        For people: rows of the files, how many were accepted and of them repaired or found in the book, the others by
        the reason against them, and what data/records holds now.

    Raises:
        InputError: a file is missing, empty, or in no known encoding.
    """
    chapters = read_chapters(ws.chapters)
    repaired: Counter[str] = Counter()

    def count(items: Sequence[Item]) -> None:
        for item in items:
            if item.verdict == "accepted":
                repaired["of_them_repaired"] += bool(item.content.get("repaired"))
                repaired["with_evidence"] += item.content.get("start") is not None

    with files.lock(ws.records, "data/records"), Store(ws.store) as store:
        known = {hash_ for hash_, _ in store.imported(ImportStrategy.name)}
        shelf = shelf_of(ws, recipe, chapters, store)
        done = read_imports(ImportStrategy(shelf), store, paths, count)
        hashes = [files.sha256_file(path) for path in paths]
        counted: Counter[str] = Counter()
        for hash_ in dict.fromkeys(hashes):
            counted.update(store.verdicts_of(ImportStrategy.name, slots_of(hash_)))
        facts: ImportFacts = {"rows": counted.total(), "accepted": counted.pop("accepted", 0)}
        if again := [path.name for path, hash_ in zip(paths, hashes, strict=True) if hash_ in known]:
            facts["imported_before"] = again
        else:
            facts["of_them_repaired"] = repaired["of_them_repaired"]
            facts["with_evidence"] = repaired["with_evidence"]
        facts["rejected"] = dict(counted.most_common())
        if done.faults:
            facts["not_read"] = f"{len(done.faults)} ({done.faults[0]})"
        return {**facts, **write_anew(ws, recipe, gather(ws, recipe, shelf, store))}


def undo_import(ws: Workspace, recipe: Recipe, paths: Sequence[Path]) -> ImportFacts:
    """Take back an import: that of these files, or the last one; data/records is written anew.

    Raises:
        InputError: nothing was imported from such a file.
    """
    chapters = read_chapters(ws.chapters)
    with files.lock(ws.records, "data/records"), Store(ws.store) as store:
        taken = undo_imports(store, paths)
        shelf = shelf_of(ws, recipe, chapters, store)
        names = [name for name, _ in taken]
        return {"taken_back": names, **write_anew(ws, recipe, gather(ws, recipe, shelf, store))}


def export(ws: Workspace, recipe: Recipe, folder: Path, format: Format) -> dict[str, object]:
    """Write the records that stand into a folder, in the parts of data/records, with a manifest and a data card.

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
        done = export_records(dict(record_set.parts().items()), folder, format, about)
    return {"folder": str(folder), **dict(done.splits), "left_out": record_set.facts["left_out"]}


def apply_edits(ws: Workspace, recipe: Recipe) -> WrittenFacts:
    """Write data/records anew with what a person decided since; no teacher is asked.

    Raises:
        InputError: nothing is prepared, or there is no record. RunError: another process is writing records.
    """
    chapters = read_chapters(ws.chapters)
    with files.lock(ws.records, "data/records"), Store(ws.store) as store:
        record_set = gather(ws, recipe, shelf_of(ws, recipe, chapters, store), store)
        return write_anew(ws, recipe, record_set)


def gather(ws: Workspace, recipe: Recipe, shelf: Shelf, store: Store) -> RecordSet:
    """The records of a workspace, with what repeats and where each belongs decided."""
    shelf.learn()
    names = {book: shelf.names(book) for book in shelf.books}
    record_set = RecordSet(recipe, ws.books, list(shelf.chapters), names, store, edits=Edits(ws.edits))
    record_set.decide()
    return record_set


def write_anew(ws: Workspace, recipe: Recipe, record_set: RecordSet) -> WrittenFacts:
    """Write data/records again after something was decided; they are no fresher than they were before.

    Edits of a person are applied and make them fresh again. Where there is no record at all, they stay as they are.
    """
    if record_set.empty:
        return {"records": 0}
    fresh = synth_stale(ws, recipe, but_for_edits=True) is None
    record_set.write(ws)
    if fresh:
        edits = record_set.edits if record_set.edits is not None else Edits(ws.edits)
        ws.record(ws.records, with_edits(ws, synth_manifest(ws, recipe), edits))
    return {**record_set.facts}


def _about_judge(judged: dict[str, object] | None, filter: str | None) -> str | None:
    if not judged:
        return None
    use = "its verdicts decide what is left out" if filter == judged["judge"] else "nothing is left out for it"
    return (
        f"Judged by {judged['judge']}: wrong {judged['judged_wrong']}; measured on records with errors put in, its "
        f"recall is {judged['recall']} and its precision {judged['precision']}; {use}."
    )
