"""How sure a number is, and whether one checkpoint is better than another. Counts and paired scores go in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

SURE = 0.05
"""A difference is called one if chance alone would give it less often than this."""
DRAWS = 10_000
"""Resamples of the bootstrap; its interval then moves by less than a hundredth of itself from seed to seed."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % confidence interval of a share (Wilson 1927); (0, 1) for no trials."""
    if not trials:
        return 0.0, 1.0
    z, share = 1.959964, successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


class Share(BaseModel):
    """A share, 0 to 1, with its 95 % Wilson interval."""

    model_config = ConfigDict(frozen=True)

    accuracy: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.accuracy:.0%} ({self.low:.0%}–{self.high:.0%})"


def share(hits: Sequence[bool]) -> Share:
    """The share of hits, rounded to four digits."""
    low, high = wilson(sum(hits), len(hits))
    mean = sum(hits) / len(hits) if hits else 0.0
    return Share(accuracy=round(mean, 4), low=round(low, 4), high=round(high, 4))


def rank_correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Spearman's rank correlation, ties at their mean rank; None for fewer than three pairs or no variation."""

    def ranks(values: Sequence[float]) -> list[float]:
        return [sum(o < v for o in values) + (sum(o == v for o in values) - 1) / 2 for v in values]

    a, b = ranks(left), ranks(right)
    if len(a) < 3 or len(set(a)) == 1 or len(set(b)) == 1:
        return None
    mean = (len(a) - 1) / 2
    top = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    return top / (sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)) ** 0.5


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that two checkpoints are equally often right (McNemar 1947, binomial form).

    Args:
        only_first, only_second: questions that one of them alone got right.
    """
    trials = only_first + only_second
    tail = ways = 1  # of choosing none
    for k in range(min(only_first, only_second)):
        ways = ways * (trials - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / 2**trials)


def p_text(p: float) -> str:
    """A p-value as it is read: no more digits than it is good for."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def bootstrap(differences: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean of paired differences, by resampling questions (Efron 1979, percentiles)."""
    if not differences:
        return -1.0, 1.0
    values, counts = np.unique(np.asarray(differences, dtype=np.float64), return_counts=True)
    total = counts.sum()
    # How often each value is drawn, which is all that a resample's mean depends on.
    drawn = np.random.default_rng(seed).multinomial(total, counts / total, size=DRAWS)
    means = drawn @ values / total
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True)
class Versus:
    """Two checkpoints on the same questions; `difference` is the second's accuracy less the first's."""

    questions: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    verdict: Literal["better", "worse", "no difference shown"]


def versus(pairs: Sequence[tuple[bool, bool]]) -> Versus:
    """Compare what two checkpoints got right, question by question.

    The second is called better or worse only if McNemar's test and the bootstrap's interval both say so.

    Args:
        pairs: whether the first and whether the second was right.
    """
    count = len(pairs)
    gains, losses = sum(b and not a for a, b in pairs), sum(a and not b for a, b in pairs)
    p = mcnemar(losses, gains)
    low, high = bootstrap([b - a for a, b in pairs])
    sure = p < SURE and (low > 0 or high < 0)
    shares = [sum(pair[n] for pair in pairs) / count if count else 0.0 for n in (0, 1)]
    return Versus(
        questions=count,
        first=round(shares[0], 4),
        second=round(shares[1], 4),
        difference=round(shares[1] - shares[0], 4),
        low=round(low, 4),
        high=round(high, 4),
        p=p,
        verdict="no difference shown" if not sure else "better" if gains > losses else "worse",
    )


def spread(total: int, most: int) -> list[int]:
    """At most `most` of range(total), evenly spread."""
    count = min(total, most)
    return [(2 * n + 1) * total // (2 * count) for n in range(count)]
