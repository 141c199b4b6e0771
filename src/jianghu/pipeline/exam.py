"""Checkpoint and questions → scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import files
from ..dataset.batches import spread
from ..evaluation import Item, exam_from_records, read_exam, take_exam
from ..model import load_checkpoint
from ..progress import Progress
from ..recipe import Recipe
from ..training.device import pick_device
from ..workspace import Workspace


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
    """Let a checkpoint take an exam, and keep the result under evals/.

    Raises:
        InputError: no such checkpoint or exam.
    """
    folder = ws.checkpoint(reference)
    name, items = exam_items(ws, path)
    checkpoint = load_checkpoint(folder, str(pick_device("auto")))
    with Progress(title, min(len(items), recipe.eval.limit or len(items))) as progress:
        result = take_exam(checkpoint, items, recipe.eval, progress.update)
    short = reference.strip("/").replace("/", "-") if not Path(reference).is_absolute() else folder.name
    out = ws.evals / f"{short}.{name}.json"
    inputs = {
        "model": files.sha256_file(folder / "model.safetensors"),
        "exam": files.sha256_json([[item.question, item.answer, item.accepted] for item in items]),
    }
    result = {
        "checkpoint": ws.shown(folder),
        "exam": str(path or "data/records"),
        "inputs": inputs,
        "settings": recipe.eval.model_dump(),
        **result,
    }
    files.write_json(out, result)
    return {**result, "file": ws.shown(out)}
