"""Records of the teacher → a judge's verdicts on them, and what the judge is worth."""

from __future__ import annotations

from collections.abc import Iterator

from ... import files
from ...corpus import read_chapters
from ...errors import InputError, RunError
from ...llm.budget import Budget
from ...llm.prompts import Prompts
from ...llm.runner import run_strategies
from ...llm.store import Store
from ...messages import phrase, tr
from ...recipe import Recipe
from ...records import Record
from ...stats import wilson
from ...workspace import Workspace
from ..decisions import Deciding
from ..exchange.workflow import gather, write_anew
from ..stage import teacher_progress
from ..teacher import shelf_of
from . import JudgeStrategy, Measured, claim_of, measure

TRUSTED = 0.7
"""Least lower end of the 95 % intervals of precision and recall of a judge that may filter."""
WITHOUT_TEACHER = {"cloze", "bundled", "manners"}
"""Sources that are not judged: their records are cut from the text, or were proofread."""


def judge(
    ws: Workspace,
    recipe: Recipe,
    *,
    calibrate_only: bool = False,
    filter: bool | None = None,
    budget: Budget | None = None,
) -> dict[str, object]:
    """Have the records of teachers and imports judged, and the judge measured on records with errors put in.

    Args:
        calibrate_only: measure the judge and judge nothing else.
        filter: leave out of data/records what it does not pass; False: take the filter off, without asking anybody.

    Raises:
        InputError: there is nothing to judge, or the endpoint's settings are missing.
        RunError: the judge is not good enough to filter; its verdicts are kept, and nothing is left out.
    """
    chapters = read_chapters(ws.chapters)
    with files.lock(ws.records, "data/records"), Store(ws.store) as store:
        shelf = shelf_of(ws, recipe, chapters, store)
        record_set = gather(ws, recipe, shelf, store)
        deciding = Deciding(store)
        if filter is False:
            deciding.filter_by(None)
            return {"filter": "off", **write_anew(ws, recipe, record_set)}

        def records() -> Iterator[Record]:
            return (record for record in record_set.active(judged=False) if record.source not in WITHOUT_TEACHER)

        texts = {(chapter.book, chapter.chapter): chapter.text for chapter in chapters}
        if not any(claim_of(record, texts) for record in records()):
            raise InputError(
                tr("there is nothing to judge: no record of a teacher or an import has evidence in the books.")
            )
        settings = recipe.synth.judge
        sample = settings.calibration_size if calibrate_only else settings.sample
        known = {book: shelf.known(book) for book in shelf.books}
        prompt = Prompts(ws.prompts).get("judge")
        asked = settings.instead_of(recipe.synth.teacher)
        strategy = JudgeStrategy(records, texts, known, asked, settings.calibration_size, sample, prompt)
        with teacher_progress(tr("judge")) as show:
            summary = run_strategies([strategy], chapters, store, asked, show, budget=budget)
        name = f"{asked.model} {prompt.hash[:8]}"
        deciding.take_verdicts(name)
        measured = measure(deciding.calibration())
        facts: dict[str, object] = {"judge": name, **_figures(measured, deciding.verdicts(name))}
        facts |= {"failed": summary.failed, "tokens": summary.tokens, "cost": round(summary.cost, 4)}
        if summary.ended:
            facts["ended_early"] = summary.ended
        store.set_meta("judge", facts)
        if filter:
            if why := distrust(measured):
                raise RunError(
                    tr(
                        "the judge {name} is not good enough to filter: {why}. Nothing is left out for it.",
                        name=name,
                        why=why,
                    )
                )
            deciding.filter_by(name)
            facts |= {"filter": "on", **write_anew(ws, recipe, record_set)}
        return facts


def distrust(measured: Measured) -> str | None:
    """Why a judge may not filter, or None."""
    found = {"recall": measured.recall, "precision": measured.precision}
    for name, (part, whole) in found.items():
        low, high = wilson(part, whole)
        if low < TRUSTED:
            return tr(
                "its {name} on {whole} records is {share} (95 % interval {low:.0%} to {high:.0%}), of which the lower "
                "end must reach {trusted:.0%}. Take another model, or raise [synth.judge] calibration_size",
                name=phrase(name),
                whole=whole,
                share=_share(part, whole),
                low=low,
                high=high,
                trusted=TRUSTED,
            )
    return None


def _figures(measured: Measured, verdicts: dict[str, int]) -> dict[str, object]:
    """What a judge found and what it is worth, each share with its 95 % interval (Wilson)."""
    total = sum(verdicts.values())
    wrong = total - verdicts.get("passed", 0)
    left = measured.left(wrong / total) if total else None
    return {
        "recall": _interval(*measured.recall),
        "precision": _interval(*measured.precision),
        "right_ones_kept": _interval(measured.right - measured.lost, measured.right),
        "caught_by_error": {way: f"{measured.caught[way]}/{count}" for way, count in sorted(measured.wrong.items())},
        "judged": total,
        "verdicts": verdicts,
        "judged_wrong": _interval(wrong, total),
        "wrong_after_filter": tr("unknown") if left is None else tr("about {share:.1%}", share=left),
        "may_filter": tr("no: {why}", why=why) if (why := distrust(measured)) else tr("yes"),
    }


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "unknown"


def _interval(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{_share(part, whole)} ({part} of {whole}; 95 % interval {low:.1%} to {high:.1%})"
