"""What the network's probabilities are worth, measured on validation questions.

Platt's scaling (1999) over the probabilities of the answer and of no answer, and the probability of no answer from
which on nothing is said. Few numbers, so that a few dozen questions are enough to fit them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .reader import Calibration, logit

LEAST = 40
"""Validation questions from which on the numbers are fitted."""
REFUSED = 0.85
"""Share of the questions with nothing to find that should get no answer."""
RIDGE = 2.0
"""Pull towards the network's own probabilities, as strong as so many questions."""
BINS = 10


@dataclass(frozen=True)
class Trial:
    """A validation question: probability of the likeliest answer and of no answer; whether that answer is right;
    whether there is anything to find."""

    answer: float
    none: float
    right: bool
    silent: bool


def calibrate(trials: Sequence[Trial]) -> Calibration:
    """Fit to validation questions; the network's own numbers where there are too few."""
    if len(trials) < LEAST or not any(trial.right for trial in trials):
        return Calibration()
    silent = sorted(trial.none for trial in trials if trial.silent)
    least = silent[int((1 - REFUSED) * len(silent))] if len(silent) >= LEAST // 4 else 0.5
    least = min(max(least, 0.05), 0.9)
    kept = [trial for trial in trials if trial.none < least]
    if len(kept) < LEAST:
        return Calibration(silent=least)
    x = np.array([[logit(trial.answer), math.log(max(trial.none, 1e-6)), 1.0] for trial in kept])
    y = np.array([trial.right for trial in kept], float)
    start = np.array([1.0, 0.0, 0.0])
    weights = start.copy()
    for _ in range(50):  # Newton's method on the log-likelihood with a ridge
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - y) + RIDGE * (weights - start) * np.array([1, 1, 0.1])
        curvature = (x * (p * (1 - p))[:, None]).T @ x + RIDGE * np.diag([1, 1, 0.1])
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if float(np.abs(step).max()) < 1e-8:
            break
    if weights[0] <= 0:  # too few questions to say that a higher probability is better
        return Calibration(silent=least)
    return Calibration((float(weights[0]), float(weights[1]), float(weights[2])), float(least))


def reliability(trials: Sequence[Trial], calibration: Calibration) -> list[dict[str, float]]:
    """For each tenth of the probabilities of given answers: their mean, the share of right ones, and how many."""
    rows: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for trial in trials:
        if trial.none < calibration.silent:
            p = calibration.probability(trial.answer, trial.none)
            rows[min(int(p * BINS), BINS - 1)].append((p, trial.right))
    return [
        {
            "probability": round(float(np.mean([p for p, _ in row])), 4),
            "right": round(float(np.mean([right for _, right in row])), 4),
            "questions": len(row),
        }
        for row in rows
        if row
    ]
