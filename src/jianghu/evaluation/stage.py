"""Checkpoint and questions → scores under evals/."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import files
from ..corpus import Chapter, read_chapters
from ..errors import InputError
from ..machine import pick_device
from ..model import load_checkpoint, read_about
from ..progress import Progress
from ..recipe import EvalSettings, Recipe
from ..synth.cloze.membership import CLASSICS
from ..synth.stage import lexicons_of
from ..workspace import Manifest, Workspace
from .build_exam import shelf_exam
from .contamination import Leaks, Taught
from .entities import People
from .perplexity import perplexity
from .questions import Item, read_exam
from .run_exam import Background, take_exam

SPLITS = ("train", "paraphrase", "val", "test")


def background_of(ws: Workspace, checkpoint: Path | None = None) -> Background:
    """What is known of the workspace's books and of what was taught; less where it is not prepared, or has no
    records.

    Args:
        checkpoint: the one that is examined; None: any that was fine-tuned on the training records.
    """
    chapters = read_chapters(ws.chapters) if ws.chapters.exists() else []
    texts = _texts(chapters)
    people = People(lexicons_of(ws, chapters), texts, {title: names.split() for title, names in CLASSICS.items()})
    learned = _learned(ws, checkpoint)
    taught = Taught(row for path in learned for row in files.read_jsonl(path)) if learned else None
    return Background(people if texts else None, taught, tuple(texts.values()))


def _learned(ws: Workspace, checkpoint: Path | None) -> list[Path]:
    """The records that a checkpoint was fine-tuned on: the training records, or with `sft.records = "all"` those of
    the validation and test splits too."""
    everything = checkpoint is not None and read_about(checkpoint).get("records") == "all"
    paths = [ws.records / f"{split}.jsonl" for split in (("train", "val", "test") if everything else ("train",))]
    return [path for path in paths if path.exists()]


def exam_items(
    ws: Workspace, exam: Path | None, settings: EvalSettings, background: Background
) -> tuple[str, list[Item], Leaks]:
    """The name of an exam, its questions without those that stand in training, and the count of these.

    Raises:
        InputError: no such exam, or none to make because there are no records; a question stands in the training
            records and `leaks` is `refuse`; or all of them do.
    """
    if exam is not None:
        name, items = exam.stem, read_exam(exam)
    else:
        name, items = "records", _shelf_items(ws, settings, background.people)
    if background.taught is None or settings.leaks == "keep":
        return name, items, Leaks()
    kept, leaks = background.taught.leaks(items)
    found = leaks.exact + leaks.near
    if found and (settings.leaks == "refuse" or not kept):
        seen = "; ".join(f"{asked} ↔ {trained}" for asked, trained in leaks.examples[:2])
        raise InputError(
            f"{exam or 'data/records'}: {found} of {len(items)} questions stand in the training records ({seen}). "
            'Take them out of the exam, or set [eval] leaks to "exclude" or "keep".'
        )
    return name, kept, leaks


def exam(
    ws: Workspace, recipe: Recipe, reference: str, path: Path | None = None, title: str = "exam"
) -> dict[str, Any]:
    """Let a checkpoint take an exam, and keep the result under evals/, with a manifest beside it.

    Raises:
        InputError: no such checkpoint or exam, or see `exam_items`.
    """
    folder = ws.checkpoint(reference)
    background = background_of(ws, folder)
    name, items, leaks = exam_items(ws, path, recipe.eval, background)
    out = result_path(ws, reference, name)
    began = time.monotonic()
    with files.lock(out, ws.shown(out)):
        manifest = _manifest(ws, recipe, folder, items)
        checkpoint = load_checkpoint(folder, str(pick_device("auto")))
        with Progress(title, min(len(items), recipe.eval.limit or len(items))) as progress:
            result = take_exam(checkpoint, items, recipe.eval, background, progress.update)
        windows = recipe.eval.heldout_windows
        heldout = perplexity(checkpoint, _heldout(ws), windows) if windows else {}
        about = {
            "checkpoint": ws.shown(folder),
            "run": checkpoint.about.get("run"),
            "step": checkpoint.about.get("step"),
            "exam": str(path or "data/records"),
            **asdict(manifest),
            "seconds": round(time.monotonic() - began, 1),
            "leaks": asdict(leaks),
            "heldout": heldout,
        }
        ws.forget(out)
        files.write_json(out, {**about, **result})
        ws.record(out, manifest)
    return {**about, **result, "file": ws.shown(out)}


def exam_stale(ws: Workspace, recipe: Recipe, reference: str) -> str | None:
    """Why a checkpoint must take the workspace's own exam again, or None."""
    folder = ws.checkpoint(reference)
    name, items, _ = exam_items(ws, None, recipe.eval, background_of(ws, folder))
    out = result_path(ws, reference, name)
    return ws.why_stale(out, _manifest(ws, recipe, folder, items), [out])


def result_path(ws: Workspace, reference: str, exam: str) -> Path:
    """Where the result of a checkpoint in an exam lies."""
    path = Path(reference)
    short = path.name if path.is_absolute() else "-".join(part for part in path.parts if part not in (".", ".."))
    return ws.evals / f"{short}.{exam}.json"


def _shelf_items(ws: Workspace, settings: EvalSettings, people: People | None) -> list[Item]:
    full = {(chapter.book, chapter.chapter): chapter.text for chapter in read_chapters(ws.chapters)}
    records = {
        split: [
            {**row, "evidence": full.get((row["book"], row["chapter"]), "")[row["start"] : row["end"]]}
            if row["start"] is not None
            else row
            for row in files.read_jsonl(ws.records / f"{split}.jsonl")
        ]
        for split in SPLITS
    }
    return shelf_exam(records, people or People({}, {}, {}), settings)


def _manifest(ws: Workspace, recipe: Recipe, checkpoint: Path, items: Sequence[Item]) -> Manifest:
    """The training records and the chapters count, since answers are held against them."""
    asked = files.sha256_json([asdict(item) for item in items])
    known = [*_learned(ws, checkpoint), *(path for path in (ws.chapters,) if path.exists())]
    inputs = {**ws.hashes([checkpoint / "model.safetensors", *known]), "the questions": asked}
    return Manifest(inputs, {"eval": recipe.eval.model_dump()})


def _texts(chapters: Sequence[Chapter]) -> dict[str, str]:
    books: dict[str, list[str]] = {}
    for chapter in chapters:
        books.setdefault(chapter.book, []).append(chapter.full)
    return {book: "".join(parts) for book, parts in books.items()}


def _heldout(ws: Workspace) -> list[tuple[str, str]]:
    """(book, text) of every stretch that was kept from training; empty where nothing is prepared."""
    path = ws.tokens / "tokens.json"
    if not path.exists():
        return []
    full = {(chapter.book, chapter.chapter): chapter.full for chapter in read_chapters(ws.chapters)}
    return [
        (stretch["book"], "".join(full[stretch["book"], number][start:end] for number, start, end in stretch["pieces"]))
        for stretch in files.read_json(path)["val"]["stretches"]
    ]
