"""Checkpoint and questions → scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import files
from ..dataset.batches import spread
from ..evaluation import Item, exam_from_records, read_exam, take_exam
from ..model import load_checkpoint
from ..progress import Progress
from ..recipe import Recipe
from ..training.device import pick_device
from ..workspace import Manifest, Workspace


def exam_items(ws: Workspace, exam: Path | None) -> tuple[str, list[Item]]:
    """The questions of a file, or of the workspace's own records by split (training, validation, test facts)."""
    if exam is not None:
        return exam.stem, read_exam(exam)
    items: list[Item] = []
    for split in ("train", "val", "test"):
        rows = list(files.read_jsonl(ws.records / f"{split}.jsonl"))
        bundled = [row for row in rows if row.get("source") == "bundled"]
        rows = bundled or rows
        items += exam_from_records([rows[n] for n in spread(len(rows), 120)] if split == "train" else rows, split)
    return "records", items


def exam(
    ws: Workspace, recipe: Recipe, reference: str, path: Path | None = None, title: str = "exam"
) -> dict[str, Any]:
    """Let a checkpoint take an exam, and keep the result under evals/, with a manifest beside it.

    Raises:
        InputError: no such checkpoint or exam.
    """
    folder = ws.checkpoint(reference)
    name, items = exam_items(ws, path)
    out = _result_path(ws, reference, name)
    with files.lock(out, ws.shown(out)):
        manifest = _manifest(ws, recipe, folder, items)
        checkpoint = load_checkpoint(folder, str(pick_device("auto")))
        with Progress(title, min(len(items), recipe.eval.limit or len(items))) as progress:
            result = take_exam(checkpoint, items, recipe.eval, progress.update)
        about = {"checkpoint": ws.shown(folder), "exam": str(path or "data/records"), **asdict(manifest)}
        ws.forget(out)
        files.write_json(out, {**about, **result})
        ws.record(out, manifest)
    return {**about, **result, "file": ws.shown(out)}


def exam_stale(ws: Workspace, recipe: Recipe, reference: str) -> str | None:
    """Why a checkpoint must take the workspace's own exam again, or None."""
    name, items = exam_items(ws, None)
    out = _result_path(ws, reference, name)
    return ws.why_stale(out, _manifest(ws, recipe, ws.checkpoint(reference), items), [out])


def _result_path(ws: Workspace, reference: str, exam: str) -> Path:
    path = Path(reference)
    short = path.name if path.is_absolute() else "-".join(part for part in path.parts if part not in (".", ".."))
    return ws.evals / f"{short}.{exam}.json"


def _manifest(ws: Workspace, recipe: Recipe, checkpoint: Path, items: list[Item]) -> Manifest:
    asked = files.sha256_json([[item.question, item.answer, item.accepted, item.group] for item in items])
    inputs = {**ws.hashes([checkpoint / "model.safetensors"]), "the questions": asked}
    return Manifest(inputs, {"eval": recipe.eval.model_dump()})
