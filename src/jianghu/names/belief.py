"""How sure it is that a string names somebody: two logistic regressions over the evidence of a text.

Evidence goes in; a probability for each candidate comes out. The first regression knows what holds for every book.
What it believes teaches the second one the book's own ways. `benchmarks/names.py fit` writes `weights.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np

from .. import files
from .evidence import Evidence, Floats

ROUNDS = 2
"""How often the second regression sees the book with what it itself believed."""


@cache
def weights() -> dict[str, dict[str, float]]:
    """The weights of both regressions: {"first": {evidence: weight}, "second": {…}}."""
    with resources.as_file(resources.files("jianghu.names").joinpath("weights.json")) as path:
        rows: dict[str, dict[str, float]] = files.read_json(path)
    return rows


def believe(evidence: Evidence) -> Floats:
    """For each candidate the probability that it is a person's name."""
    if not evidence.words:
        return np.zeros(0)
    general, learned = evidence.general(), weights()
    belief = logistic(general, learned["first"])
    for _ in range(ROUNDS):
        belief = logistic(general | evidence.of_this_book(belief), learned["second"])
    return belief


def logistic(columns: Mapping[str, Floats], weight: Mapping[str, float]) -> Floats:
    """The probabilities of a logistic regression."""
    scores = sum(weight[name] * columns[name] for name in weight)
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -30, 30))))
