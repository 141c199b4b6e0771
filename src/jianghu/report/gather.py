"""A workspace → the facts that its report shows. Reads files alone: what is not there yet is left empty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__, files
from ..corpus import check_report, load_shelf, read_chapters
from ..errors import InputError
from ..evaluation import ExamResult, read_results
from ..llm.status import status
from ..llm.store import Reader
from ..records import record_files
from ..synth.decisions import Decisions
from ..workspace import Workspace

AXES = ("step", "tokens", "epochs", "seconds")


@dataclass(frozen=True)
class Run:
    """One run. `points` are its rows with a validation loss; `best` and `last` are steps."""

    name: str
    stage: str
    points: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    best: int
    last: int
    recipe: str
    manifest: dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """Everything in the report.

    `exams` are those of evals/*.json; `studies` those of
    studies/*/results.json; `records` counts by split, kind, source and chapter; `teacher` see `_teacher`.
    """

    version: str
    shelf: list[dict[str, Any]]
    tokens: dict[str, Any]
    runs: list[Run]
    records: dict[str, Any]
    teacher: dict[str, Any]
    exams: list[ExamResult]
    studies: list[dict[str, Any]]


def gather(ws: Workspace) -> Facts:
    """Read a workspace.

    Raises:
        InputError: there is nothing to report yet, or a file is damaged.
    """
    runs = [run for folder in sorted(ws.runs.glob("[!.]*")) if (run := _run(folder)) is not None]
    if not runs:
        raise InputError(f"{ws.runs}: no runs to report. `jianghu run` trains some, or `jianghu sweep STUDY.toml`.")
    books = check_report(load_shelf(ws.books, ws.recipe().books)) if ws.books.is_dir() else []
    path = ws.tokens / "tokens.json"
    about = files.read_json(path) if path.exists() else {}
    tokens: dict[str, Any] = {"vocab_size": about.get("vocab_size"), "gap": about.get("gap_characters")}
    for part in ("train", "val"):
        tokens[part] = {key: about.get(part, {}).get(key) for key in ("tokens", "characters", "bytes")}
        tokens[part]["stretches"] = len(about.get(part, {}).get("stretches", []))
    exams = read_results(ws.evals, ws.root)
    studies = [files.read_json(file) for file in sorted(ws.studies.glob("*/results.json"))]
    return Facts(__version__, books, tokens, runs, _records(ws), _teacher(ws), exams, studies)


def _run(folder: Path) -> Run | None:
    rows = files.read_log(folder / "metrics.jsonl")
    points = [row for row in rows if "val_bpc" in row]
    if not points:
        return None
    manifest = files.read_json(folder / "manifest.json") if (folder / "manifest.json").exists() else {}
    recipe = folder / "recipe.toml"
    keep = (*AXES, "val_bpc", "val_loss", "train_loss")
    return Run(
        name=folder.name,
        stage="sft" if "sft" in manifest.get("settings", {}) else "pretrain",
        points=[{**dict.fromkeys(AXES, 0), **{key: row[key] for key in keep if key in row}} for row in points],
        samples=files.read_log(folder / "samples.jsonl"),
        best=min(points, key=lambda row: row["val_bpc"])["step"],
        last=points[-1]["step"],
        recipe=recipe.read_text(encoding="utf-8") if recipe.exists() else "",
        manifest=manifest,
    )


def _records(ws: Workspace) -> dict[str, Any]:
    """Counts: splits, kinds, sources, and chapters as {book: {chapter: records}}, with every
    chapter of a book that has records."""
    splits: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    chapters: dict[str, Counter[int]] = {}
    for chapter in read_chapters(ws.chapters) if ws.chapters.exists() else ():
        chapters.setdefault(chapter.book, Counter())[chapter.chapter] = 0
    for path in record_files(ws.records):
        for row in files.read_jsonl(path):
            splits[path.stem] += 1
            kinds[str(row.get("kind") or "-")] += 1
            sources[str(row.get("source") or "-")] += 1
            if row.get("chapter"):
                chapters.setdefault(str(row.get("book")), Counter())[int(row["chapter"])] += 1
    told = {book: counts for book, counts in chapters.items() if counts.total()}
    return {"splits": splits, "kinds": kinds, "sources": sources, "chapters": told}


def _teacher(ws: Workspace) -> dict[str, Any]:
    """What a teacher was asked and what came of it; a teacher at work is not disturbed.

    Returns:
        {} without a store, {"problem"} for one of another version; else `left_out` (records by reason, whoever made
        them), and if anything was asked also what `jianghu.synth.status` tells, `models` (see `Reader.by_model`) and
        `coverage` (book → figures in brief and people nobody asked about).
    """
    if not ws.store.exists():
        return {}
    try:
        with Reader(ws.store) as store:
            repeats = {why: len(Decisions(store).repeats(why)) for why in ("repeat", "contradiction", "leak")}
            facts: dict[str, Any] = {"left_out": {why: count for why, count in repeats.items() if count}}
            told = status(store)
            if told["requests"] or told["sendings"]:
                facts |= {**told, "models": store.by_model(), "coverage": {}}
    except InputError as error:
        return {"problem": str(error)}
    path = ws.records / "coverage.json"
    if "models" in facts and path.exists():
        covered = files.read_json(path)
        facts["coverage"] = {book: {**row["brief"], **row["people"]} for book, row in covered.items()}
    return facts
