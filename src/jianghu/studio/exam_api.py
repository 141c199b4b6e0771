"""Exams for the page: results as tables, two of them compared, every answer with what can be said of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi import Path as InPath

from ..errors import InputError
from ..evaluation import Answer, ExamResult
from ..evaluation.columns import Column, filled_columns, group_name
from ..evaluation.compare import marked
from ..evaluation.compare_stage import verdicts
from ..evaluation.exam_notes import notes
from ..evaluation.nearest import verdict_name
from ..evaluation.results import Scores
from ..messages import tr
from ..serving.errors import ApiError
from ..stats import Versus, p_text
from ..workspace import Workspace
from .context import Studio
from .models import meant

FileName = Annotated[str, Query(min_length=1, max_length=300)]
FileOf = Annotated[str, InPath(max_length=300)]
PAGE = 50
"""Answers that are given at once."""
Outcome = Literal["right", "wrong", "abstained", "none"]
ORDER = {"wrong": 0, "abstained": 1, None: 2, "right": 3}
"""Wrong answers first."""


def router(studio: Studio) -> APIRouter:
    """`/studio/exams`."""
    router, ws = APIRouter(prefix="/studio/exams"), studio.workspace

    @router.get("")
    def every() -> dict[str, object]:
        """All results, the newest first, the checkpoints that could take an exam, and the exams of the workspace."""
        found, damaged = [], []
        for path in sorted(_files(ws), key=lambda path: -path.stat().st_mtime):
            try:
                found.append(_summary(_read(ws, path.name), path))
            except InputError as error:
                damaged.append(str(error))
        return {
            "results": found,
            "damaged": damaged,
            "checkpoints": ws.checkpoints(),
            "meant": meant(ws),
            "exams": [ws.shown(path) for path in sorted(ws.root.glob("exams/*.jsonl"))],
            "records": any(ws.records.glob("*.jsonl")),
        }

    @router.get("/compare")
    def compare(first: FileName, second: FileName) -> dict[str, object]:
        """Whether the second result is better than the first, by group, in words and figures."""
        before, after = _read(ws, first), _read(ws, second)
        [groups] = verdicts([before, after])
        rows = [{"group": group or "all", "name": str(group_name(group or "all")), **_versus(row)}
                for group, row in groups.items() if row.questions]  # fmt: skip
        return {
            "first": before.short,
            "second": after.short,
            "same_exam": before.exam == after.exam,
            "rows": rows,
            "changed": _changed(before, after),
        }

    @router.get("/{file}")
    def one(file: FileOf) -> dict[str, object]:
        """A result: its table by groups, and what is not counted by group, in words."""
        result = _read(ws, file)
        columns = filled_columns(result.rows.values())
        kinds = sorted({answer.kind for answer in result.answers if answer.kind})
        books = list(dict.fromkeys(answer.book for answer in result.answers if answer.book))
        return {
            **_summary(result, ws.evals / file),
            "columns": [{"heading": str(column.heading), "meaning": str(column.meaning)} for column in columns],
            "rows": [_row(group, scores, columns) for group, scores in result.rows.items()],
            "notes": notes(result),
            "groups": [{"group": group, "name": str(group_name(group))} for group in result.groups],
            "kinds": kinds,
            "books": books,
            "judge": result.judge.model_dump(mode="json") if result.judge else None,
        }

    @router.get("/{file}/answers")
    def answers(
        file: FileOf,
        group: Annotated[str, Query(max_length=80)] = "",
        kind: Annotated[str, Query(max_length=80)] = "",
        book: Annotated[str, Query(max_length=200)] = "",
        outcome: Annotated[Outcome | Literal[""], Query()] = "",
        text: Annotated[str, Query(max_length=200)] = "",
        against: Annotated[str, Query(max_length=200)] = "",
        start: Annotated[int, Query(ge=0)] = 0,
    ) -> dict[str, object]:
        """Answers, wrong ones first; those that fit, from `start` on. `against`: another result, whose answer to the
        same question stands beside each."""
        result = _read(ws, file)
        others = {one.key: one for one in _read(ws, against).answers} if against else {}
        found = [
            answer
            for answer in result.answers
            if (not group or answer.group == group)
            and (not kind or answer.kind == kind)
            and (not book or answer.book == book)
            and (not outcome or (answer.outcome or "none") == outcome)
            and (not text or text.casefold() in f"{answer.question}\n{answer.reference}\n{answer.answer}".casefold())
        ]
        found.sort(key=lambda answer: ORDER[answer.outcome])
        return {
            "total": len(found),
            "answers": [_answer(answer, others.get(answer.key)) for answer in found[start : start + PAGE]],
        }

    return router


def _files(ws: Workspace) -> list[Path]:
    return [path for path in ws.evals.glob("*.json") if not path.name.endswith(".manifest.json")]


def _read(ws: Workspace, name: str) -> ExamResult:
    """A result by the name of its file.

    Raises:
        ApiError: 404, there is none. InputError: it cannot be read.
    """
    path = ws.evals / name
    if path not in _files(ws):
        raise ApiError(404, tr("{file}: there is no such result.", file=name[:100]))
    return _parsed(path, path.stat().st_mtime_ns, ws.shown(path))


@lru_cache(maxsize=8)
def _parsed(path: Path, stamp: int, shown: str) -> ExamResult:
    """Read again only when the file has changed."""
    return ExamResult.read(path, shown)


def _summary(result: ExamResult, path: Path) -> dict[str, object]:
    return {
        "file": path.name,
        "checkpoint": result.short,
        "exam": result.exam,
        "own": result.exam == "data/records",
        "step": result.step,
        "asked": len(result.answers),
        "questions": result.questions,
        "partial": result.partial,
        "taken": path.stat().st_mtime,
        "bars": [_bar(group, scores) for group, scores in result.rows.items()],
    }


def _bar(group: str, scores: Scores) -> dict[str, object]:
    return {
        "group": group,
        "name": str(group_name(group)),
        "questions": scores.questions,
        "right": scores.accuracy,
        "low": scores.low,
        "high": scores.high,
        "nearest": scores.baseline,
        "book": scores.book,
    }


def _row(group: str, scores: Scores, columns: list[Column]) -> dict[str, object]:
    return {
        "group": group,
        "name": str(group_name(group)),
        "cells": [column.text(scores) for column in columns],
    }


def _versus(row: Versus) -> dict[str, object]:
    return {
        "questions": row.questions,
        "first": row.first,
        "second": row.second,
        "difference": row.difference,
        "low": row.low,
        "high": row.high,
        "p": p_text(row.p),
        "verdict": row.verdict,
        "words": str(verdict_name(row.verdict)),
    }


def _changed(before: ExamResult, after: ExamResult) -> dict[str, int]:
    """Questions that only one of two answers right."""
    was = {answer.key: answer.correct for answer in before.answers if answer.outcome}
    pairs = [(was[answer.key], answer.correct) for answer in after.answers if answer.outcome and answer.key in was]
    return {"won": sum(now and not then for then, now in pairs), "lost": sum(then and not now for then, now in pairs)}


def _answer(answer: Answer, other: Answer | None) -> dict[str, object]:
    return {
        "group": str(group_name(answer.group)),
        "kind": answer.kind,
        "book": answer.book,
        "question": answer.question,
        "reference": answer.reference,
        "accepted": list(answer.accepted),
        "evidence": answer.evidence,
        "nearest": answer.nearest.model_dump() if answer.nearest else None,
        "read": answer.book_answer.model_dump() if answer.book_answer else None,
        "character_f1": answer.character_f1,
        **_said(answer),
        "other": _said(other) if other else None,
    }


def _said(answer: Answer) -> dict[str, object]:
    return {
        "outcome": answer.outcome,
        "pieces": [{"text": text, "mark": mark} for text, mark in marked(answer)],
        "finished": answer.finished,
        "strangers": list(answer.wrong_book or ()),
        "loop": answer.loop,
        "copied": answer.copied,
    }
