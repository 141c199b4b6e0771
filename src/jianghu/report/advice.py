"""Which checkpoint to take, and why: the one with most right answers, and whether it is surely better than the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..evaluation import MAIN_GROUP
from ..stats import versus
from .findings import best_run
from .gather import Facts


def advice(facts: Facts) -> tuple[str, str]:
    """A sentence or two, in English and Chinese."""
    exams = _comparable(facts)
    if not exams:
        run = best_run(facts.runs, "pretrain") or facts.runs[0]
        return (
            f"No checkpoint has taken an exam yet; by validation loss alone, {run.name} at step {run.best} is best. "
            "`jianghu eval` tells how much it knows.",
            f"还没有检查点考过试；只看验证损失，{run.name} 第 {run.best} 步最好。`jianghu eval` 能说明它知道多少。",
        )
    first, *others = exams
    score = _score(first)
    name = first["checkpoint"]
    group = MAIN_GROUP if MAIN_GROUP in first["groups"] else "all"
    first_alone = not others or score["accuracy"] > _score(others[0])["accuracy"]
    most = ("the most", "最多") if first_alone else ("as many as any", "并列最多")
    english = (
        f"Take {name}: {score['accuracy']:.1%} of {score['questions']} answers right "
        f"({score['low']:.1%}–{score['high']:.1%}, group {group}), {most[0]} of {len(exams)} on this exam."
    )
    chinese = (
        f"建议采用 {name}：{score['questions']} 题答对 {score['accuracy']:.1%}"
        f"（{score['low']:.1%}–{score['high']:.1%}，组 {group}），在参加这场考试的 {len(exams)} 个检查点中{most[1]}。"
    )
    if others:
        result = versus(_rows(others[0]), _rows(first))
        sure = result.verdict == "better"
        english += f" Against {others[0]['checkpoint']}: {result.verdict} (p = {result.p:.3g})."
        told = "确实更好" if sure else "看不出差别"
        chinese += f" 与 {others[0]['checkpoint']} 相比：{told}（p = {result.p:.3g}）。"
    return english, chinese


def _comparable(facts: Facts) -> list[dict[str, Any]]:
    """Results in the exam that most checkpoints have taken, best first."""
    by_exam: dict[str, list[dict[str, Any]]] = {}
    for exam in facts.exams:
        by_exam.setdefault(Path(exam["exam"]).name, []).append(exam)
    most = max(by_exam.values(), key=len, default=[])
    return sorted(most, key=lambda exam: -_score(exam)["accuracy"])


def _score(exam: dict[str, Any]) -> dict[str, Any]:
    found = exam["groups"].get(MAIN_GROUP, exam["scores"])
    return dict(found)


def _rows(exam: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in exam["answers"] if MAIN_GROUP not in exam["groups"] or row["group"] == MAIN_GROUP]
