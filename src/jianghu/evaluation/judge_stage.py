"""Results under evals/ → a judge's grades and preferences, written into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import files
from ..errors import InputError, RunError
from ..llm.budget import Budget
from ..llm.failures import failures
from ..llm.prompts import Prompts
from ..llm.runner import run_strategies
from ..llm.store import Store
from ..messages import tr
from ..recipe import Recipe
from ..stats import spread
from ..synth.stage import teacher_progress
from ..workspace import Workspace
from .answer_judge import Preferred, agreement, graded, marked_by_hand, preferred
from .judge_strategy import AnswerJudge
from .results import Agreement, ExamResult, Graded, Judged
from .stage import result_path


@dataclass(frozen=True)
class Judgement:
    """What a judge said: its agreement with marked answers, grades by checkpoint, and how each checkpoint but the
    first compares with it."""

    model: str
    agreement: Agreement
    graded: dict[str, Graded]
    preferred: dict[str, Preferred]

    def to_dict(self) -> dict[str, object]:
        """The judgement as a JSON object."""
        return {
            "model": self.model,
            "agreement": self.agreement.model_dump(),
            "graded": {name: grades.model_dump() for name, grades in self.graded.items()},
            "preferred": {name: wins.model_dump() for name, wins in self.preferred.items()},
        }


def judge(
    ws: Workspace, recipe: Recipe, references: Sequence[str], exam: Path | None = None, budget: Budget | None = None
) -> Judgement:
    """Grade the answers of checkpoints in an exam that they have taken, and set each beside the first one's.

    Every reply is kept in evals/judge.sqlite before it is read, so that judging again costs nothing. A checkpoint's
    grades also stand in its result as `judge`.

    Args:
        budget: what may be spent now; the same call goes on later.

    Raises:
        InputError: a result is not there yet, or the teacher's settings lack something.
        RunError: the teacher could not go on, or has not answered everything; what it said is kept.
    """
    paths = [result_path(ws, reference, exam.stem if exam else "records") for reference in references]
    for reference, path in zip(references, paths, strict=True):
        if not path.exists():
            raise InputError(
                tr(
                    "{path}: not there yet. `{jianghu} eval {reference}` makes it.",
                    path=ws.shown(path),
                    reference=reference,
                )
            )
    results = [ExamResult.read(path, ws.shown(path)) for path in paths]
    answers = [{answer.key: answer for answer in result.answers if answer.outcome} for result in results]
    common = [key for key in answers[0] if all(key in rows for rows in answers)]
    keys = [common[n] for n in spread(len(common), recipe.eval.judge_questions)]
    asked = [[rows[key] for key in keys] for rows in answers]
    marks = marked_by_hand()
    teacher = recipe.synth.teacher
    pairs = [pair for rows in asked[1:] for pair in zip(asked[0], rows, strict=True)]
    strategy = AnswerJudge(
        teacher, [*marks, *(answer for rows in asked for answer in rows)], pairs, Prompts(ws.prompts)
    )
    with Store(ws.evals / "judge.sqlite") as store, teacher_progress(tr("judge")) as show:
        summary = run_strategies([strategy], [], store, teacher, show, budget=budget)
        failed = {outcome: n for outcome, n in summary.failed.items() if outcome != "filtered"}  # such stay unread
        if summary.ended or failed:
            raise RunError(
                tr(
                    "the judge has not answered everything ({why}). What it said is kept; the same command goes on.",
                    why=summary.ended or failures(failed, {}),
                )
            )
        grades, verdicts = strategy.said(store)
    count, after = len(keys), len(marks)
    by_checkpoint = [grades[after + n * count : after + (n + 1) * count] for n in range(len(references))]
    by_pair = [verdicts[n * count : (n + 1) * count] for n in range(len(references) - 1)]
    said = Judgement(
        model=teacher.model,
        agreement=agreement(grades[: len(marks)], [mark.grade for mark in marks]),
        graded={name: graded(rows) for name, rows in zip(references, by_checkpoint, strict=True)},
        preferred={name: preferred(rows) for name, rows in zip(references[1:], by_pair, strict=True)},
    )
    for name, path, result in zip(references, paths, results, strict=True):
        judged = Judged(**dict(said.graded[name]), model=said.model, agreement=said.agreement)
        files.write_json(path, result.model_copy(update={"judge": judged}).to_dict())
    return said
