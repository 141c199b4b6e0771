"""Which checkpoint to take, and why: the one with most right answers, whether it is surely better than the next, and
whether it beats the answer of the most similar taught question.
"""

from __future__ import annotations

from pathlib import Path

from ..evaluation import MAIN_GROUP, Answer, ExamResult, Scores, compare_answers
from ..evaluation.columns import group_name
from ..evaluation.nearest import nearest_verdict, verdict_name
from ..messages import Both, both
from ..stats import p_text
from .facts import Facts, Run


def advice(facts: Facts) -> list[Both]:
    """A few sentences. Exams of which only some questions were asked do not count."""
    exams = comparable(facts)
    if not exams:
        run = best_run(facts.runs, "pretrain") or facts.runs[0]
        return [
            both("No checkpoint has taken a whole exam yet; `jianghu eval` tells how much one knows."),
            both("By validation loss alone, {run} at step {step:,} is best.", run=run.name, step=run.best),
        ]
    first, *others = exams
    score = main_scores(first)
    alone = not others or score.accuracy > main_scores(others[0]).accuracy
    said = [
        both(
            "Take {name}: {share:.1%} of {questions:,} answers right ({low:.1%}–{high:.1%}; {group}){most}.",
            name=first.short,
            share=score.accuracy,
            questions=score.questions,
            low=score.low,
            high=score.high,
            group=group_name(MAIN_GROUP if MAIN_GROUP in first.groups else "all"),
            most=_place(len(exams), alone),
        )
    ]
    if others:
        result = compare_answers(_answers(others[0]), _answers(first))
        said.append(
            both(
                "Against {other}: {verdict} ({p}).",
                other=others[0].short,
                verdict=verdict_name(result.verdict),
                p=p_text(result.p),
            )
        )
    nearest = nearest_verdict(first)
    return [*said, nearest] if nearest else said


def _place(exams: int, alone: bool) -> Both:
    if exams < 2:
        return Both("", "")
    if alone:
        return both(", the most of {exams} on this exam", exams=exams)
    return both(", as many as any of {exams} on this exam", exams=exams)


def comparable(facts: Facts) -> list[ExamResult]:
    """Whole results in the exam that most checkpoints have taken, best first."""
    by_exam: dict[str, list[ExamResult]] = {}
    for exam in facts.exams:
        if not exam.partial:
            by_exam.setdefault(Path(exam.exam).name, []).append(exam)
    most = max(by_exam.values(), key=len, default=[])
    return sorted(most, key=lambda exam: -main_scores(exam).accuracy)


def best_exam(facts: Facts) -> ExamResult | None:
    """The result with most right answers in the exam that most checkpoints have taken."""
    return next(iter(comparable(facts)), None)


def main_scores(exam: ExamResult) -> Scores:
    """The scores that decide: those of the main group where the exam has it."""
    return exam.groups.get(MAIN_GROUP, exam.scores)


def best_run(runs: list[Run], stage: str) -> Run | None:
    """The run of a stage with the least validation loss."""
    return min((run for run in runs if run.stage == stage), key=lambda run: run.best_val, default=None)


def _answers(exam: ExamResult) -> list[Answer]:
    return [answer for answer in exam.answers if MAIN_GROUP not in exam.groups or answer.group == MAIN_GROUP]
