"""The original report's findings and questions, each with our figure beside it, or none where it was not run.

Results of studies and exams go in; sentences in English and Chinese come out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..stats import rank_correlation
from .gather import Facts, Run


@dataclass(frozen=True)
class Finding:
    """A sentence, and our figure in words; `figure` is empty where nothing was run that could tell."""

    sentence: tuple[str, str]
    figure: tuple[str, str] = ("", "")


def findings(facts: Facts) -> list[Finding]:
    """All findings, in the order of the original's work."""
    return [
        Finding(
            ("A lower learning rate converges more slowly.", "学习率越低，收敛越慢。"),
            _ranking(facts, "learning_rate"),
        ),
        Finding(
            ("Question: does a longer block_size give a lower loss?", "问题：更长的上下文会让损失更低吗？"),
            _ranking(facts, "block_size"),
        ),
        Finding(
            ("Question: what does a larger batch bring?", "问题：更大的批带来什么？"),
            _ranking(facts, "batch_size"),
        ),
        Finding(
            (
                "Validation was best at about 20,000 of 50,000 iterations.",
                "验证损失在 50,000 次迭代中的约 20,000 次处最低。",
            ),
            _overfit(facts),
        ),
        Finding(
            (
                "Question: must fine-tuning keep the block_size of pretraining?",
                "问题：微调必须沿用预训练的上下文长度吗？",
            ),
            _ranking(facts, "sft_block_size"),
        ),
        Finding(
            ("Question: longer pretraining or longer fine-tuning?", "问题：该延长预训练还是微调？"),
            _ranking(facts, "iterations"),
        ),
        Finding(
            ("Question: how many answers are right after how much fine-tuning?", "问题：微调多少次，答对多少题？"),
            _ranking(facts, "sft_iterations"),
        ),
        Finding(
            ("Question: whose records teach the most?", "问题：谁写的问答教会得最多？"),
            _ranking(facts, "teachers"),
        ),
        Finding(
            ("Validation loss does not predict answers.", "验证损失不能预示回答的好坏。"),
            _rank_correlation(facts),
        ),
    ]


def scored_checkpoints(facts: Facts) -> list[tuple[str, float, float]]:
    """(checkpoint, validation bits per character at its step, accuracy) of every fine-tuned one in an exam."""
    runs = {run.name: run for run in facts.runs if run.stage == "sft"}
    found = []
    for exam in facts.exams:
        run = runs.get(exam.run or "")
        at = {point["step"]: point["val_bpc"] for point in run.points} if run else {}
        if run and exam.step in at and exam.scores.questions and not exam.partial:
            found.append((f"{run.name} @ {exam.step}", at[exam.step], exam.scores.accuracy))
    return found


def _study(facts: Facts, name: str) -> list[dict[str, Any]]:
    for study in facts.studies:
        if study["study"].partition("-")[0] == name:
            return [row for row in study["members"] if row["state"] == "done"]
    return []


def _ranking(facts: Facts, name: str) -> tuple[str, str]:
    """The members of a study with what each reached, best first."""
    rows = _study(facts, name)
    if len(rows) < 2:
        return "", ""
    parts = []
    for row in rows:
        values = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in row["values"].items()) or row["name"]
        outcome = row["outcome"]
        right = f" / {outcome['accuracy']:.1%}" if "accuracy" in outcome else ""
        parts.append(f"{values}: {outcome['best_val']:.3f}{right}")
    marks = [" / right answers", "／答对"] if "accuracy" in rows[0]["outcome"] else ["", ""]
    return (
        f"{'; '.join(parts)} (bits per character{marks[0]}, best first).",
        f"{'；'.join(parts)}（每字比特{marks[1]}，最好的在前）。",
    )


def _overfit(facts: Facts) -> tuple[str, str]:
    rows = [row["outcome"] for row in _study(facts, "long_runs")]
    if not rows:
        return "", ""
    shares = ", ".join(f"{row['best_step'] / row['step']:.0%}" for row in rows)
    return f"least at {shares} of the iterations.", f"在迭代的 {shares} 处最低。"


def _rank_correlation(facts: Facts) -> tuple[str, str]:
    points = scored_checkpoints(facts)
    value = rank_correlation([loss for _, loss, _ in points], [right for _, _, right in points])
    if value is None:
        return "", ""
    return (
        f"rank correlation of validation loss and right answers {value:+.2f} over {len(points)} checkpoints "
        "(−1 would be perfect prediction).",
        f"{len(points)} 个检查点上，验证损失与答对率的秩相关为 {value:+.2f}（−1 为完全可预示）。",
    )


def best_run(runs: list[Run], stage: str) -> Run | None:
    """The run of a stage with the least validation loss."""
    own = [run for run in runs if run.stage == stage]
    return min(own, key=lambda run: min(point["val_bpc"] for point in run.points), default=None)
