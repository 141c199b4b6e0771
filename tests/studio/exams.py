"""Results of exams that nobody took, as they lie in a workspace."""

from __future__ import annotations

from pathlib import Path

from jianghu import files
from jianghu.evaluation import Answer, ExamResult, Leaks, mean_scores, shuffled
from jianghu.evaluation.results import Outcome

GROUPS = ["trained", "paraphrase", "unseen"]


def answer(number: int, group: str, right: bool, text: str = "") -> Answer:
    """One answer; every seventh of the wrong ones says not to know."""
    outcome: Outcome = "right" if right else "abstained" if number % 7 == 0 else "wrong"
    return Answer(
        id=f"fact-{number}",
        group=group,
        kind="thing" if number % 2 else "person",
        book="青峰录",
        question=f"第{number}号人物用什么兵器？",
        reference=f"第{number}柄剑。",
        accepted=(f"第{number}柄剑",),
        evidence=f"他取下墙上的第{number}柄剑。",
        answer=text or (f"第{number}柄剑。" if right else "一把<b>刀</b>。"),
        finished=True,
        outcome=outcome,
        correct=right,
        exact=right,
        character_f1=1.0 if right else 0.2,
        rouge_l=1.0 if right else 0.2,
        wrong_book=(),
        loop=False,
        garbage=False,
        copied=0.0,
        nearest=None,
    )


def write_result(evals: Path, checkpoint: str, rights: int, questions: int = 120) -> Path:
    """A result in which the first so many questions of each group were answered right."""
    each = questions // len(GROUPS)
    answers = [
        answer(number, group, number - base < rights)
        for base, group in zip(range(0, questions, each), GROUPS, strict=True)
        for number in range(base, base + each)
    ]
    result = ExamResult(
        checkpoint=f"runs/{checkpoint.replace('/', '/checkpoints/')}",
        run=checkpoint.split("/")[0],
        step=100,
        exam="data/records",
        questions=questions,
        inputs={},
        settings={},
        seconds=1.0,
        leaks=Leaks(),
        heldout={},
        scores=mean_scores(answers),
        groups={group: mean_scores([one for one in answers if one.group == group]) for group in GROUPS},
        choices=None,
        names=None,
        shuffled=shuffled(answers),
        answers=tuple(answers),
    )
    path = evals / f"{checkpoint.replace('/', '-')}.records.json"
    path.parent.mkdir(exist_ok=True)
    files.write_json(path, result.to_dict())
    return path
