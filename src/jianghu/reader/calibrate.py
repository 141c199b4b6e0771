"""What the network's probabilities are worth, measured on validation questions.

Platt's scaling (1999) over the probabilities of the answer and of no answer, and the probability of being right below
which nothing is said. Few numbers, so that a few dozen questions are enough to fit them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .reader import Calibration, logit

MIN_QUESTIONS = 40
"""Validation questions from which on the numbers are fitted."""
REFUSED = 0.8
"""Share of the questions with nothing to find that should get no answer."""
RIDGE = 2.0
"""Pull towards the network's own probabilities, as strong as so many questions."""
ASKED_IN_VAIN = 0.25
"""Questions with nothing to find, for each one that the books answer."""
BOUNDS = (0.05, 0.5)
"""Between these lies the probability below which nothing is said, however the validation questions fall."""
BINS = 10


@dataclass(frozen=True)
class Trial:
    """A validation question: probability of the likeliest answer and of no answer; whether that answer is right;
    whether there is anything to find."""

    answer: float
    none: float
    right: bool
    silent: bool

    def probability(self, calibration: Calibration) -> float:
        """That the answer is right."""
        return calibration.probability(self.answer, self.none)


def calibrate(trials: Sequence[Trial]) -> Calibration:
    """Fit to validation questions; the network's own numbers where there are too few."""
    found = Calibration(_weights(trials), Calibration.least)
    silent = sorted(trial.probability(found) for trial in trials if trial.silent)
    if len(silent) < MIN_QUESTIONS // 4:
        return found
    return replace(found, least=min(max(silent[int(REFUSED * len(silent))], BOUNDS[0]), BOUNDS[1]))


def _weights(trials: Sequence[Trial]) -> tuple[float, float, float]:
    """The weights of a `Calibration`, by Newton's method on the log-likelihood with a ridge. Questions with nothing to
    find count as `ASKED_IN_VAIN` for each other one."""
    start = np.array([1.0, 0.0, 0.0])
    asked = sum(not trial.silent for trial in trials)
    if asked < MIN_QUESTIONS or not any(trial.right for trial in trials):
        return Calibration.weights
    vain = ASKED_IN_VAIN * asked / max(1, len(trials) - asked)
    weight = np.array([vain if trial.silent else 1.0 for trial in trials])
    x = np.array([[logit(trial.answer), math.log(max(trial.none, 1e-6)), 1.0] for trial in trials])
    y = np.array([trial.right for trial in trials], float)
    pull = RIDGE * np.array([1.0, 1.0, 0.1])
    weights = start.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (weight * (p - y)) + pull * (weights - start)
        step = np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(pull), gradient)
        weights -= step
        if float(np.abs(step).max()) < 1e-8:
            break
    if weights[0] <= 0:  # too few questions to say that a higher probability is better
        return Calibration.weights
    return float(weights[0]), float(weights[1]), float(weights[2])


def reliability(trials: Sequence[Trial], calibration: Calibration) -> list[dict[str, float]]:
    """For each tenth of the probabilities of given answers: their mean, the share of right ones, and how many."""
    rows: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for trial in trials:
        p = trial.probability(calibration)
        if not trial.silent and p >= calibration.least:
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
