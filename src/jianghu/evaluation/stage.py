"""Checkpoint and questions → scores under evals/."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .. import files
from ..corpus import Chapter, read_chapters
from ..dataset import read_preferences
from ..errors import InputError
from ..machine import pick_device
from ..messages import tr
from ..model import load_checkpoint, read_about, weight_files
from ..names import famous
from ..progress import Progress
from ..reader.stage import reader_of
from ..recipe import EvalSettings, Recipe
from ..records import Record, read_records
from ..synth.stage import lexicons_of
from ..workspace import Manifest, Workspace
from .build_exam import shelf_exam
from .contamination import Taught
from .entities import People
from .perplexity import perplexity
from .questions import Item, read_exam
from .results import ExamResult, Leaks
from .run_exam import Background, take_exam

OWN = "records"
"""The exam that is made from the workspace's records."""
SPLITS = ("train", "paraphrase", "val", "test")


def background_of(ws: Workspace, checkpoint: Path | None = None) -> Background:
    """What is known of the workspace's books and of what was taught; less where it is not prepared, or has no
    records.

    Args:
        checkpoint: the one that is examined; None: any that was fine-tuned on the training records.
    """
    chapters = read_chapters(ws.chapters) if ws.chapters.exists() else []
    texts = _texts(chapters)
    people = People(lexicons_of(ws, chapters), texts, famous())
    learned = _learned(ws, checkpoint)
    records = [record for path in learned for record in read_records(path)]
    taught = Taught([*records, *_preferred(ws, checkpoint)]) if records else None
    return Background(people if texts else None, taught, tuple(texts.values()))


def _learned(ws: Workspace, checkpoint: Path | None) -> list[Path]:
    """The records that a checkpoint was fine-tuned on: the training records, or with `sft.records = "all"` those of
    the validation and test splits too."""
    everything = checkpoint is not None and read_about(checkpoint).get("records") == "all"
    paths = [ws.records / f"{split}.jsonl" for split in (("train", "val", "test") if everything else ("train",))]
    return [path for path in paths if path.exists()]


def _preferred(ws: Workspace, checkpoint: Path | None) -> Iterator[Record]:
    """The right answers of the preference pairs that a checkpoint learned from, as records; none where it did not, or
    where the pairs are others by now."""
    path, about = ws.preferences / "train.jsonl", read_about(checkpoint) if checkpoint else {}
    inputs = about.get("inputs")
    if about.get("stage") != "dpo" or not path.exists() or not isinstance(inputs, dict):
        return
    if inputs.get(ws.shown(path)) != files.sha256_file(path):
        return
    for pair in read_preferences(path):
        yield Record(
            id=pair.id, fact=pair.fact, wording=1, kind="preference", question=pair.question, answer=pair.chosen,
            short_answer=pair.chosen, aliases=(), book="-", chapter=None, start=None, end=None, source="manners",
            split="train",
        )  # fmt: skip


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
        name, items = OWN, _shelf_items(ws, settings, background.people)
    if background.taught is None or settings.leaks == "keep":
        return name, items, Leaks()
    kept, leaks = background.taught.leaks(items)
    found = leaks.exact + leaks.near
    if found and (settings.leaks == "refuse" or not kept):
        seen = "; ".join(f"{asked} ↔ {trained}" for asked, trained in leaks.examples[:2])
        raise InputError(
            tr(
                "{value}: {found} of {len} questions stand in the training records ({seen}). "
                'Take them out of the exam, or set [eval] leaks to "exclude" or "keep".',
                value=exam or "data/records",
                found=found,
                len=len(items),
                seen=seen,
            )
        )
    return name, kept, leaks


def exam(ws: Workspace, recipe: Recipe, reference: str, path: Path | None = None, title: str = "") -> ExamResult:
    """Let a checkpoint take an exam, and keep the result under evals/, with a manifest beside it.

    Raises:
        InputError: no such checkpoint or exam, or see `exam_items`.
    """
    folder = ws.checkpoint(reference)
    background = background_of(ws, folder)
    name, items, leaks = exam_items(ws, path, recipe.eval, background)
    out = result_path(ws, reference, name, recipe.eval.limit)
    began = time.monotonic()
    with files.lock(out, ws.shown(out)):
        manifest = _manifest(ws, recipe, folder, path)
        checkpoint = load_checkpoint(folder, str(pick_device("auto")))
        with Progress(title or tr("exam"), min(len(items), recipe.eval.limit or len(items))) as progress:
            marks = take_exam(checkpoint, items, recipe.eval, background, progress.update, reader_of(ws))
        windows = recipe.eval.heldout_windows
        result = ExamResult(
            checkpoint=ws.shown(folder),
            run=checkpoint.about.get("run"),
            step=checkpoint.about.get("step"),
            exam=str(path or "data/records"),
            questions=len(items),
            inputs=manifest.inputs,
            settings=manifest.settings,
            seconds=round(time.monotonic() - began, 1),
            leaks=leaks,
            heldout=perplexity(checkpoint, _heldout(ws), windows) if windows else {},
            file=ws.shown(out),
            **dict(marks),
        )
        ws.forget(out)
        files.write_json(out, result.to_dict())
        ws.record(out, manifest)
    return result


def exam_stale(ws: Workspace, recipe: Recipe, reference: str) -> str | None:
    """Why a checkpoint must take the workspace's own exam again, or None. Hashes are compared, nothing is built."""
    out = result_path(ws, reference, OWN, recipe.eval.limit)
    return ws.why_stale(out, _manifest(ws, recipe, ws.checkpoint(reference), None), [out])


def result_path(ws: Workspace, reference: str, exam: str, limit: int = 0) -> Path:
    """Where the result of a checkpoint in an exam lies; a partial one (`limit`) never in the place of a whole one."""
    path = Path(reference)
    short = path.name if path.is_absolute() else "-".join(part for part in path.parts if part not in (".", ".."))
    return ws.evals / f"{short}.{exam}{f'.limit-{limit}' if limit else ''}.json"


def _shelf_items(ws: Workspace, settings: EvalSettings, people: People | None) -> list[Item]:
    full = {(chapter.book, chapter.chapter): chapter.text for chapter in read_chapters(ws.chapters)}

    def evidence(record: Record) -> str:
        return full.get((record.book, record.chapter or 0), "")[record.start or 0 : record.end or 0]

    records = {split: list(read_records(ws.records / f"{split}.jsonl")) for split in SPLITS}
    return shelf_exam(records, people or People({}, {}, {}), settings, evidence)


def _manifest(ws: Workspace, recipe: Recipe, checkpoint: Path, exam: Path | None) -> Manifest:
    """The checkpoint, the exam, and what answers are held against: records, chapters and names."""
    known = [ws.chapters, *(ws.records / f"{split}.jsonl" for split in SPLITS), *ws.books.glob("*.lexicon.json")]
    reader = [path for path in (ws.reader / "config.json", ws.reader / "model.safetensors") if path.exists()]
    paths = [*weight_files(checkpoint), *sorted(known), *reader, *([exam] if exam else [])]
    return Manifest(ws.hashes([path for path in paths if path.exists()]), {"eval": recipe.eval.model_dump()})


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
