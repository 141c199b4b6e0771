"""Answers' rows → means with intervals, over a whole exam or a group of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..dataset.batches import spread
from ..stats import wilson
from .degeneration import distinct
from .grading import contains
from .multiple_choice import mixed, share

MOST_PAIRED = 200  # answers of which chance is reckoned: each with every other question's reference


@dataclass(frozen=True)
class Scores:
    """Means over some questions; shares from 0 to 1.

    `accuracy` is the share of right answers, `low` and `high` bound it with 95 % confidence (Wilson); `abstained` said
    not to know, `wrong` are the others. `contains` is the looser share that holds an accepted form anywhere,
    `finished` the share that ended by itself, `baseline` the accuracy of the nearest training question's answer.
    Questions without a reference count for what an answer is by itself only.
    """

    questions: int
    accuracy: float
    low: float
    high: float
    abstained: float
    wrong: float
    contains: float
    exact: float
    character_f1: float
    rouge_l: float
    wrong_book: float | None
    loops: float
    finished: float
    empty: float
    garbage: float
    copied: float
    distinct_1: float
    distinct_2: float
    length: float
    baseline: float | None


def mean_scores(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The `Scores` of some rows of answers, as a JSON object."""
    scored = [row for row in rows if row["outcome"]]
    known = [row for row in rows if row["wrong_book"] is not None]
    near = [row for row in scored if row["nearest"]]
    low, high = wilson(sum(row["correct"] for row in scored), len(scored))
    characters = sum(len(row["answer"]) for row in rows)
    answers = [row["answer"] for row in rows]
    return asdict(
        Scores(
            questions=len(rows),
            accuracy=_mean([row["correct"] for row in scored]),
            low=round(low, 4),
            high=round(high, 4),
            abstained=_mean([row["outcome"] == "abstained" for row in scored]),
            wrong=_mean([row["outcome"] == "wrong" for row in scored]),
            **{name: _mean([row[name] for row in scored]) for name in ("contains", "exact", "character_f1", "rouge_l")},
            wrong_book=_mean([bool(row["wrong_book"]) for row in known]) if known else None,
            loops=_mean([row["loop"] for row in rows]),
            finished=_mean([row["finished"] for row in rows]),
            empty=_mean([not row["answer"] for row in rows]),
            garbage=_mean([row["garbage"] for row in rows]),
            copied=round(sum(row["copied"] * len(row["answer"]) for row in rows) / max(1, characters), 4),
            distinct_1=round(distinct(answers, 1), 4),
            distinct_2=round(distinct(answers, 2), 4),
            length=_mean([len(answer) for answer in answers]),
            baseline=_mean([row["nearest"]["correct"] for row in near]) if near else None,
        )
    )


def shuffled(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Control: each answer against the accepted forms of another question. It must score at `chance`, which is the
    share over all such pairs; if it does not, the scoring and not the model is being measured."""
    scored = [row for row in rows if row["outcome"]]
    taken = [scored[n] for n in spread(len(scored), MOST_PAIRED)]
    hits = [contains(one["answer"], other["accepted"]) for one, other in mixed(taken)]
    pairs = [contains(one["answer"], other["accepted"]) for one in taken for other in taken if one is not other]
    return {"questions": len(taken), **share(hits), "chance": _mean(pairs)}


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
