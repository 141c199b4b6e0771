"""Where checkpoints started from, side by side under the same exam: from nothing, from an own run, from a pretrained
model, with LoRA, with preferences. A run's folder goes in, its start comes out; facts go in, the table comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import files
from ..evaluation import Answer, ExamResult
from ..evaluation.columns import UNKNOWN, group_name
from ..messages import Both, both
from ..model import read_about
from ..stats import share
from ..workspace import Workspace
from .advice import comparable
from .facts import Facts, Origin, Start

MOST_STEPS_BACK = 20
"""Runs that are gone through from a checkpoint to its beginning; more are a circle."""


def start_of(ws: Workspace, folder: Path) -> Start:
    """How a run came to its weights: what it, and the runs that it came from, say of themselves."""
    origin: Origin = "nothing"
    stage, lora, dpo = "", False, False
    for _ in range(MOST_STEPS_BACK):
        stage = _stage(folder)
        lora, dpo = lora or _has_adapter(folder, stage), dpo or stage == "dpo"
        source = _from(folder)
        if not source:
            break
        parent = ws.root / source
        if "run" not in read_about(parent):
            return Start("pretrained", lora, dpo)
        if not parent.resolve().is_relative_to(ws.runs.resolve()):
            return Start("own", lora, dpo)  # of another workspace: how that began is not known here
        if stage == "pretrain":
            origin = "own"  # it went on from what another run had learned
        folder = parent.resolve().parents[1]
    return Start(origin, lora, dpo)


def _stage(folder: Path) -> str:
    settings = _settings(folder)
    return next((stage for stage in ("dpo", "sft", "pretrain") if stage in settings), "")


def _settings(folder: Path) -> dict[str, object]:
    manifest = files.read_json(folder / "manifest.json") if (folder / "manifest.json").exists() else {}
    settings = manifest.get("settings") if isinstance(manifest, dict) else None
    return settings if isinstance(settings, dict) else {}


def _has_adapter(folder: Path, stage: str) -> bool:
    own = _settings(folder).get(stage)
    lora = own.get("lora") if isinstance(own, dict) else None
    return isinstance(lora, dict) and bool(lora.get("rank"))


def _from(folder: Path) -> str:
    """The checkpoint that a run began from, as its own checkpoints name it."""
    for name in ("last", "best"):
        if source := read_about(folder / "checkpoints" / name).get("from"):
            return str(source)
    return ""


def start_name(start: Start) -> Both:
    """What people call a start."""
    name = {"nothing": both("from nothing"), "own": both("own run"), "pretrained": both("pretrained")}[start.origin]
    added = "".join([" + LoRA"] * start.lora + [" + DPO"] * start.dpo)
    return Both(name.en + added, name.zh + added)


@dataclass(frozen=True)
class StartTable:
    """A column for each start, with the checkpoint that stands for it; a row for each group of the exam, and for what
    an answer is by itself."""

    heads: list[tuple[Both, str]]
    rows: list[tuple[Both, list[str]]]


def start_table(facts: Facts) -> StartTable | None:
    """The best checkpoint of each start in the exam that most have taken whole; None for fewer than two starts."""
    starts = {run.name: run.start for run in facts.runs if run.stage != "pretrain"}
    best: dict[Start, ExamResult] = {}
    for exam in comparable(facts):  # best first
        if (start := starts.get(exam.run or "")) is not None:
            best.setdefault(start, exam)
    if len(best) < 2:
        return None
    columns = [(start, best[start]) for start in sorted(best)]
    groups = list(dict.fromkeys(group for _, exam in columns for group in exam.groups))
    rows = [(group_name(group), [_right(exam, group) for _, exam in columns]) for group in groups]
    rows.append((group_name("all"), [_right(exam, "all") for _, exam in columns]))
    tells: list[tuple[Both, Callable[[Answer], bool | None]]] = [
        (both("names somebody of another book"), lambda answer: _strange(answer)),
        (both("goes round in circles"), lambda answer: answer.loop),
    ]
    for name, tell in tells:
        rows.append((name, [_share([tell(answer) for answer in exam.answers]) for _, exam in columns]))
    return StartTable([(start_name(start), exam.short) for start, exam in columns], rows)


def _strange(answer: Answer) -> bool | None:
    return None if answer.wrong_book is None else bool(answer.wrong_book)


def _right(exam: ExamResult, group: str) -> str:
    answers = [answer for answer in exam.answers if group in ("all", answer.group) and answer.outcome]
    return _share([answer.correct for answer in answers])


def _share(hits: list[bool | None]) -> str:
    """A share with its interval: 76.4 % (73–79)."""
    known = [hit for hit in hits if hit is not None]
    if not known:
        return UNKNOWN
    it = share(known)
    return f"{100 * it.accuracy:.1f} % ({100 * it.low:.0f}–{100 * it.high:.0f})"
