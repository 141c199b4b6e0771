"""A workspace → the facts that its report shows. Reads files alone: what is not there yet is left empty."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from .. import __version__, files
from ..corpus import check_report, load_shelf, read_chapters
from ..errors import InputError
from ..evaluation import read_results
from ..llm.status import status
from ..llm.store import Reader
from ..machine import Environment
from ..messages import Both, tr
from ..model import read_about
from ..recipe import Recipe, load_recipe
from ..records import read_records, record_files
from ..synth.decisions import Decisions
from ..workspace import Workspace
from .commands import exam_command, run_command
from .facts import (
    AXES,
    STAGES,
    BookCoverage,
    BookFacts,
    Facts,
    ModelUse,
    Point,
    RecordCounts,
    Removal,
    Run,
    Sample,
    Stage,
    Stated,
    Study,
    TeacherFacts,
    TokenCounts,
    Trial,
)
from .starts import start_of


def gather(ws: Workspace) -> Facts:
    """Read a workspace.

    Raises:
        InputError: there is nothing to report yet, or a file is damaged.
    """
    shared = ws.recipe()
    studies, of_studies = _studies(ws)
    folders = sorted(ws.runs.glob("[!.]*"))
    runs = [run for folder in folders if (run := _run(ws, folder, shared)) is not None]
    if not runs:
        raise InputError(
            tr("{runs}: no runs to report. `{jianghu} run` trains some, or `{jianghu} sweep STUDY.toml`.", runs=ws.runs)
        )
    books = check_report(load_shelf(ws.books, shared.books)) if ws.books.is_dir() else []
    about = files.read_json(ws.tokens / "tokens.json") if (ws.tokens / "tokens.json").exists() else {}
    exams = sorted(read_results(ws.evals, ws.root), key=lambda exam: exam.partial)  # whole ones first
    records = _records(ws)
    commands = ["jianghu prepare", *(["jianghu synth run"] if records.splits else [])]
    own_runs = sorted((run for run in runs if run.name not in of_studies), key=lambda run: STAGES.index(run.stage))
    commands += [run.command for run in own_runs]
    commands += [study.command for study in studies]
    commands += [exam_command(exam, shared) for exam in exams if exam.run not in of_studies]
    return Facts(
        version=__version__,
        books=[_book(row) for row in books],
        vocab_size=about.get("vocab_size") or 0,
        train=_tokens(about.get("train")),
        val=_tokens(about.get("val")),
        runs=runs,
        records=records,
        teacher=_teacher(ws),
        exams=exams,
        studies=studies,
        commands=[*dict.fromkeys(commands), "jianghu report"],
        reliability=_reliability(ws),
    )


def _reliability(ws: Workspace) -> list[Stated]:
    """What the reader's probabilities were worth; empty where there is none."""
    path = ws.reader / "config.json"
    rows = files.read_json(path).get("reliability", []) if path.exists() else []
    return [Stated(float(row["probability"]), float(row["right"]), int(row["questions"])) for row in rows]


def _book(row: dict[str, Any]) -> BookFacts:
    return BookFacts(
        name=row["name"],
        encoding=row["encoding"],
        before=row["characters_before"],
        after=row["characters_after"],
        chapters=row.get("chapters") or row.get("pieces") or 0,
        removals=[Removal(it["rule"], it["count"], it["characters"]) for it in row["removals"]],
    )


def _tokens(about: dict[str, Any] | None) -> TokenCounts | None:
    if not about or not about.get("tokens"):
        return None
    return TokenCounts(about["tokens"], about["characters"], len(about.get("stretches", [])))


def _run(ws: Workspace, folder: Path, shared: Recipe) -> Run | None:
    rows = files.read_log(folder / "metrics.jsonl")
    points = [point for row in rows if (point := _point(row)).train is not None or point.val is not None]
    scored = [row for row in rows if row.get("val_bpc") is not None]
    if not scored:
        return None
    manifest = files.read_json(folder / "manifest.json") if (folder / "manifest.json").exists() else {}
    known: tuple[Stage, ...] = ("dpo", "sft")
    stage: Stage = next((stage for stage in known if stage in manifest.get("settings", {})), "pretrain")
    recipe, result = folder / "recipe.toml", folder / "result.json"
    least = min(scored, key=lambda row: row["val_bpc"])
    best = files.read_json(result).get("best_step", least["step"]) if result.exists() else least["step"]
    environment = folder / "environment.json"
    return Run(
        name=folder.name,
        stage=stage,
        points=points,
        samples=[Sample(row["step"], row["prompt"], row["text"]) for row in files.read_log(folder / "samples.jsonl")],
        best=best,
        best_val=least["val_bpc"],
        last=rows[-1]["step"],
        recipe=recipe.read_text(encoding="utf-8") if recipe.exists() else "",
        command=run_command(stage, folder.name, _recipe_of(recipe), shared, _source(folder)),
        made=str(manifest.get("made", "")),
        inputs=manifest.get("inputs", {}),
        environment=Environment(**files.read_json(environment)) if environment.exists() else None,
        start=start_of(ws, folder),
    )


def _point(row: dict[str, Any]) -> Point:
    step, tokens, epochs, seconds = (float(row.get(axis) or 0) for axis in AXES)
    return Point(step, tokens, epochs, seconds, row.get("train_bpc"), row.get("val_bpc"), row.get("score"))


def _recipe_of(path: Path) -> Recipe | None:
    """A run's own recipe; None where there is none, or another version wrote it."""
    try:
        return load_recipe(path) if path.exists() else None
    except InputError:
        return None


def _source(folder: Path) -> str:
    """The checkpoint that a run started from, as the user would type it."""
    for name in ("last", "best"):
        if (folder / "checkpoints" / name).is_dir():
            source = str(read_about(folder / "checkpoints" / name).get("from") or "")
            run, _, checkpoint = source.removeprefix("runs/").partition("/checkpoints/")
            return run if checkpoint in ("", "best") else f"{run}/{checkpoint}"
    return ""


def _records(ws: Workspace) -> RecordCounts:
    splits: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    chapters: dict[str, Counter[int]] = {}
    for chapter in read_chapters(ws.chapters) if ws.chapters.exists() else ():
        chapters.setdefault(chapter.book, Counter())[chapter.chapter] = 0
    for path in record_files(ws.records):
        for record in read_records(path):
            splits[path.stem] += 1
            kinds[record.kind] += 1
            sources[record.source] += 1
            if record.chapter:
                chapters.setdefault(record.book, Counter())[record.chapter] += 1
    with_records = {book: dict(sorted(counts.items())) for book, counts in chapters.items() if counts.total()}
    return RecordCounts(dict(splits), dict(kinds.most_common()), dict(sources), with_records)


def _teacher(ws: Workspace) -> TeacherFacts:
    """What a teacher was asked and what came of it; a teacher at work is not disturbed."""
    if not ws.store.exists():
        return TeacherFacts()
    try:
        with Reader(ws.store) as store:
            repeats = {why: len(Decisions(store).repeats(why)) for why in ("repeat", "contradiction", "leak")}
            left_out = {why: count for why, count in repeats.items() if count}
            now = status(store)
            if not now["requests"] and not now["sendings"]:
                return TeacherFacts(left_out)
            models = [
                ModelUse(model, int(it["replies"]), int(it["tokens_in"]), int(it["tokens_out"]), it["cost"])
                for model, it in store.by_model().items()
                if model  # what was imported has none
            ]
    except InputError as error:
        return TeacherFacts(problem=str(error))
    return TeacherFacts(
        left_out=left_out,
        asked=bool(models),
        records=now["records"],
        facts=now["facts"],
        rejected=now["rejected"],
        requests=now["requests"],
        outcomes=now["sendings"],
        tokens=now["tokens"],
        cost=now["cost"],
        models=models,
        coverage=_coverage(ws.records / "coverage.json"),
    )


def _coverage(path: Path) -> list[BookCoverage]:
    rows = files.read_json(path) if path.exists() else {}
    found = []
    for book, row in rows.items():
        it = {**row["brief"], **row["people"]}
        with_facts = it["chapters"] - it["chapters_without_facts"] if it.get("facts") else None
        found.append(BookCoverage(book, it["chapters"], with_facts, it["known"], it["asked"], list(it["silent"])))
    return found


def _studies(ws: Workspace) -> tuple[list[Study], set[str]]:
    """The studies of a workspace, and the names of their runs."""
    studies, runs = [], set()
    for path in sorted(ws.studies.glob("*/results.json")):
        row = files.read_json(path)
        trials = [_trial(one) for one in row.get("trials", row.get("members", []))]
        for one in row.get("trials", row.get("members", [])):
            runs |= {one["name"], *(str((one.get("outcome") or {}).get(key, "")) for key in ("run", "base"))}
        scale = row["study"].removeprefix(Path(row["file"]).stem).lstrip("-")
        studies.append(
            Study(
                name=row["study"],
                title=Both(row["title"], row.get("title_zh") or row["title"]),
                question=Both(row.get("question", ""), row.get("question_zh") or row.get("question", "")),
                goal=row["goal"],
                command=f"jianghu sweep {row['file']}{f' --scale {scale}' if scale else ''}",
                trials=trials,
            )
        )
    return studies, runs


def _trial(row: dict[str, Any]) -> Trial:
    outcome = row.get("outcome") or {}
    return Trial(
        name=row["name"],
        state=row["state"],
        values=row.get("values") or {},
        best_val=outcome.get("best_val"),
        best_step=outcome.get("best_step"),
        steps=outcome.get("step"),
        accuracy=outcome.get("accuracy"),
        error=row.get("error") or "",
    )
