"""Several teachers, the same passages → what each is worth: the original report's comparison, made measurable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .. import files
from ..corpus import Chapter, read_chapters
from ..errors import InputError
from ..llm.budget import Budget
from ..llm.prices import price
from ..llm.prompts import Prompts
from ..llm.runner import plan_strategies, run_strategies
from ..llm.store import Store
from ..llm.usage import tokens_of
from ..messages import tr
from ..recipe import Recipe, SynthSettings, TeacherSettings
from ..records import Record
from ..stats import wilson
from ..workspace import Workspace
from .assemble import collect_records
from .cost import Forecast, forecast
from .decisions import Deciding
from .diversity import distinct_2
from .stage import teacher_progress
from .strategies import PassageStrategy
from .teacher import shelf_of
from .verify import JudgeStrategy

UNREADABLE = {"not JSON", "cut off", "wrong schema", "broken object", "no items", "not an object"}
"""Verdicts that speak of the form of a reply."""
JUDGED_TOKENS = 500  # about, of a record with its evidence as a judge reads it
VERDICT_TOKENS = 80  # about, of what it says
BAD_QUOTE = "evidence not found"


def teachers_forecast(
    ws: Workspace, recipe: Recipe, names: Sequence[str], passages: int, judged: int
) -> list[Forecast]:
    """What `compare_teachers` would ask of each teacher and of the judge, and what that costs. Nothing is sent.

    Raises:
        InputError: see `compare_teachers`.
    """
    _check(names)
    chapters = read_chapters(ws.chapters)
    rows: list[Forecast] = []
    for name in names:
        settings = _settings(recipe, name, passages)
        with Store(_path(ws, name)) as store, store.trial():
            strategy = PassageStrategy(shelf_of(ws, recipe, chapters, store), settings, Prompts(ws.prompts))
            plan_strategies([strategy], chapters, store, settings.teacher)
            (row,) = forecast([strategy], store, settings.teacher)
            rows.append({**row, "strategy": name})
    if judged:
        judge = recipe.synth.judge.instead_of(recipe.synth.teacher)
        count, read = judged * len(names), tokens_of(Prompts(ws.prompts).get("judge").text) + JUDGED_TOKENS
        tokens_in, tokens_out = count * read, count * VERDICT_TOKENS
        rows.append(
            {
                "strategy": judge.model,
                "stage": "judge",
                "requests": count,
                "answered": 0,
                "to_ask": count,
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
                "cost": price(judge, tokens_in, tokens_out),
                "basis": "a guess",
            }
        )
    return rows


def compare_teachers(
    ws: Workspace,
    recipe: Recipe,
    names: Sequence[str],
    passages: int,
    judged: int,
    budget: Budget | None = None,
) -> list[dict[str, object]]:
    """Ask each teacher for records about the same passages, by the strategy `passage`, and count what comes.

    Each has a store of its own in the folder `teachers`, so the records of the workspace stay as they are, and the
    same command goes on where it was stopped and asks nothing twice.

    Args:
        names: of [[synth.rivals]], or of models at the teacher's endpoint.
        passages: how many each is asked about.
        judged: how many records of each are shown to the recipe's judge; 0: none.
        budget: what all of them together may spend.

    Raises:
        InputError: no names, a name twice, or the endpoint's settings are missing.
        RunError: a teacher cannot be reached; what was received is kept.
    """
    _check(names)
    chapters = read_chapters(ws.chapters)
    return [_one(ws, recipe, chapters, name, passages, judged, budget) for name in names]


def _check(names: Sequence[str]) -> None:
    if not names or len(set(names)) < len(names):
        raise InputError(tr("--models {names}: give different names with commas between them.", names=",".join(names)))


def _settings(recipe: Recipe, name: str, passages: int) -> SynthSettings:
    return recipe.synth.model_copy(update={"teacher": _teacher(recipe.synth, name), "max_passages": passages})


def _one(
    ws: Workspace,
    recipe: Recipe,
    chapters: list[Chapter],
    name: str,
    passages: int,
    judged: int,
    budget: Budget | None,
) -> dict[str, object]:
    settings = _settings(recipe, name, passages)
    teacher = settings.teacher
    with Store(_path(ws, name)) as store:
        shelf = shelf_of(ws, recipe, chapters, store)
        strategy = PassageStrategy(shelf, settings, Prompts(ws.prompts))
        with teacher_progress(name) as show:
            summary = run_strategies([strategy], chapters, store, teacher, show, budget=budget)
        records = collect_records(store, settings)
        row = {"name": name, "passages": summary.total, "answered": summary.done, **_counted(store, records)}
        if summary.ended:
            row["ended_early"] = summary.ended
        if judged and records:
            row["judged_wrong"] = _judge(ws, recipe, store, strategy, records[:judged], budget)
        return row


def _teacher(synth: SynthSettings, name: str) -> TeacherSettings:
    """The endpoint of a name: a rival's, or the teacher's own with another model."""
    rival = next((rival for rival in synth.rivals if rival.name == name), None)
    if rival is None:
        return synth.teacher.model_copy(update={"model": name})
    return rival.instead_of(synth.teacher)


def _path(ws: Workspace, name: str) -> Path:
    plain = "".join(character if character.isalnum() else "-" for character in name)
    return ws.root / "teachers" / f"{plain}-{files.sha256_bytes(name.encode())[:6]}.sqlite"


def _counted(store: Store, records: Sequence[Record]) -> dict[str, object]:
    """What the replies of one teacher are worth."""
    verdicts = Counter(store.verdicts())
    accepted, quotes = verdicts["accepted"], verdicts[BAD_QUOTE]
    unreadable = sum(verdicts[reason] for reason in UNREADABLE)
    given = verdicts.total() - unreadable
    replies, tokens, cost, seconds = store.totals("passage")
    return {
        "records": given,
        "accepted": _share(accepted, given),
        "rejected_quotes": _share(quotes, given),
        "other_rejections": given - accepted - quotes,
        "JSON_failures": tr("{count} in {replies} replies", count=unreadable, replies=replies),
        "repeats": accepted - len(records),
        "distinct_2": f"{distinct_2(f'{record.question}{record.answer}' for record in records):.3f}",
        "seconds_a_reply": f"{seconds:.1f}",
        "tokens": tokens,
        "cost": f"{cost:.4f}",
        "cost_an_accepted_record": f"{cost / accepted:.6f}" if accepted else tr("unknown"),
    }


def _judge(
    ws: Workspace,
    recipe: Recipe,
    store: Store,
    strategy: PassageStrategy,
    records: Sequence[Record],
    budget: Budget | None,
) -> str:
    """The share of records that the recipe's judge does not pass. It is as good as the judge; see `synth judge`."""
    shelf, settings = strategy.shelf, recipe.synth.judge
    texts = {(chapter.book, chapter.chapter): chapter.text for chapter in shelf.chapters}
    known = {book: shelf.known(book) for book in shelf.books}
    asked = settings.instead_of(recipe.synth.teacher)
    prompt = Prompts(ws.prompts).get("judge")
    judge = JudgeStrategy(lambda: records, texts, known, asked, 0, 0, prompt)
    with teacher_progress(tr("judge")) as show:
        run_strategies([judge], list(shelf.chapters), store, asked, show, budget=budget)
    deciding, name = Deciding(store), f"{asked.model} {prompt.hash[:8]}"
    deciding.take_verdicts(name)
    verdicts = deciding.verdicts(name)
    total = sum(verdicts.values())
    return _share(total - verdicts.get("passed", 0), total)


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / whole:.1%} ({low:.1%}–{high:.1%})" if whole else "unknown"
