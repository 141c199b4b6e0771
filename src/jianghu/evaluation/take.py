"""Takes an exam: a checkpoint answers every question closed-book and greedily, and each answer is scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..chat import question, render
from ..dataset.batches import spread
from ..generation import Sampling, generate
from ..model import Checkpoint
from ..recipe import EvalSettings
from .exam import Item
from .metrics import character_f1, contains, first_clause, is_loop, rouge_l, wilson


@dataclass(frozen=True)
class Scores:
    """Means over some questions.

    `accuracy` is the share of answers that hold an accepted form, `low` and `high` bound it with 95 % confidence
    (Wilson); `first` is the stricter share whose first clause holds it; `finished` is the share that ended by itself.
    """

    questions: int
    accuracy: float
    low: float
    high: float
    first: float
    character_f1: float
    rouge_l: float
    loops: float
    finished: float
    empty: float
    length: float


def take_exam(
    checkpoint: Checkpoint,
    items: list[Item],
    settings: EvalSettings,
    on_progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Answer and score.

    Returns:
        {"scores": over all, "groups": {group: scores}, "answers": one row a question}; scores as in `Scores`.
    """
    if settings.limit:
        items = [items[n] for n in spread(len(items), settings.limit)]
    rows: list[dict[str, Any]] = []
    for at in range(0, len(items), settings.batch_size):
        part = items[at : at + settings.batch_size]
        for item, (text, finished) in zip(part, answer(checkpoint, part, settings), strict=True):
            rows.append(_score(item, text, finished))
        on_progress(len(rows))
    groups = dict.fromkeys(item.group for item in items)
    return {
        "scores": asdict(_mean(rows)),
        "groups": {group: asdict(_mean([row for row in rows if row["group"] == group])) for group in groups},
        "answers": rows,
    }


def answer(checkpoint: Checkpoint, items: list[Item], settings: EvalSettings) -> list[tuple[str, bool]]:
    """Greedy answers, and whether each ended by itself."""
    tokenizer = checkpoint.tokenizer
    prompts = [render(tokenizer, question(item.question), prompt=True).ids for item in items]
    sampling = Sampling(settings.max_new_tokens, repetition_penalty=settings.repetition_penalty)
    written = generate(checkpoint.model, prompts, sampling, tokenizer.stop_ids)
    return [(tokenizer.written(row.ids).strip(), row.finished) for row in written]


def _score(item: Item, text: str, finished: bool) -> dict[str, Any]:
    return {
        "id": item.id,
        "group": item.group,
        "kind": item.kind,
        "book": item.book,
        "question": item.question,
        "reference": item.answer,
        "accepted": list(item.accepted),
        "answer": text,
        "correct": contains(text, item.accepted),
        "first": contains(first_clause(text), item.accepted),
        "character_f1": round(character_f1(text, item.answer), 4),
        "rouge_l": round(rouge_l(text, item.answer), 4),
        "loop": is_loop(text),
        "finished": finished,
    }


def _mean(rows: list[dict[str, Any]]) -> Scores:
    count = len(rows)

    def mean(values: list[float]) -> float:
        return round(sum(values) / count, 4) if count else 0.0

    right = sum(row["correct"] for row in rows)
    low, high = wilson(right, count)
    return Scores(
        questions=count,
        accuracy=mean([row["correct"] for row in rows]),
        low=round(low, 4),
        high=round(high, 4),
        first=mean([row["first"] for row in rows]),
        character_f1=mean([row["character_f1"] for row in rows]),
        rouge_l=mean([row["rouge_l"] for row in rows]),
        loops=mean([row["loop"] for row in rows]),
        finished=mean([row["finished"] for row in rows]),
        empty=mean([not row["answer"] for row in rows]),
        length=mean([len(row["answer"]) for row in rows]),
    )
