"""What stands first in a report: a few numbers, and where a study or several checkpoints show more than numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ..evaluation import MAIN_GROUP
from ..evaluation.columns import group_name, percent
from ..evaluation.nearest import against_nearest
from ..messages import Both, both
from ..stats import rank_correlation
from .advice import best_exam, best_run, main_scores
from .facts import Facts, Study


@dataclass(frozen=True)
class Figure:
    """A number with what it is of."""

    value: str
    label: Both
    note: Both


def figures(facts: Facts) -> list[Figure]:
    """The numbers that a reader looks for first."""
    found = []
    if (exam := best_exam(facts)) is not None:
        scores = main_scores(exam)
        group = group_name(MAIN_GROUP if MAIN_GROUP in exam.groups else "all")
        interval = f"{scores.low:.0%}–{scores.high:.0%}"
        found.append(
            Figure(
                f"{scores.accuracy:.1%}",
                both("right answers: {group}", group=group),
                both("95 %: {interval}, {questions:,} questions", interval=interval, questions=scores.questions),
            )
        )
        against = against_nearest(exam)
        if against.questions:
            found.append(
                Figure(
                    f"{against.first:.1%}",
                    both("the nearest taught question's answer"),
                    both("what repeating it would score"),
                )
            )
        found.append(Figure(percent(scores.loops), both("answers that go in circles"), both("of {group}", group=group)))
    if (run := best_run(facts.runs, "pretrain")) is not None:
        found.append(
            Figure(
                f"{run.best_val:.2f}",
                both("bits per held-out character"),
                both("{run}, step {step:,}; lower is better", run=run.name, step=run.best),
            )
        )
    return found


def study_finding(study: Study) -> Both | None:
    """What a study shows, in a sentence; None before two of its trials are done."""
    done = study.done
    if len(done) < 2:
        return None
    first, last = done[0], done[-1]
    if study.goal == "accuracy" and first.accuracy is not None and last.accuracy is not None:
        return both(
            "Most right answers: {first} ({best:.1%}); fewest: {last} ({worst:.1%}).",
            first=first.label,
            best=first.accuracy,
            last=last.label,
            worst=last.accuracy,
        )
    return both(
        "Least loss: {first} ({best:.3f} bits per character); most: {last} ({worst:.3f}).",
        first=first.label,
        best=first.best_val,
        last=last.label,
        worst=last.best_val,
    )


def scored_checkpoints(facts: Facts) -> list[tuple[str, float, float]]:
    """(checkpoint, validation bits per character at its step, share of right answers) of every fine-tuned one that
    took a whole exam."""
    runs = {run.name: run for run in facts.runs if run.stage == "sft"}
    found = []
    for exam in facts.exams:
        run = runs.get(exam.run or "")
        losses = {point.step: loss for point, loss in run.curve("val")} if run else {}
        loss = losses.get(float(exam.step or 0))
        if run and loss is not None and exam.scores.questions and not exam.partial:
            found.append((f"{run.name} @ {exam.step}", loss, exam.scores.accuracy))
    return found


def loss_finding(facts: Facts) -> Both | None:
    """Whether validation loss tells how many answers are right; None for fewer than three checkpoints."""
    points = scored_checkpoints(facts)
    value = rank_correlation([loss for _, loss, _ in points], [right for _, _, right in points])
    if value is None:
        return None
    return both(
        "Over {count} checkpoints the rank correlation of validation loss and right answers is {value:+.2f}; −1 would "
        "mean that the loss tells which checkpoint knows most.",
        count=len(points),
        value=value,
    )
