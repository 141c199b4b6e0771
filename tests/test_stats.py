"""Intervals and paired tests against values worked out by hand, and against how often they err."""

import numpy as np
import pytest

from jianghu.stats import bootstrap, mcnemar, versus, wilson


def test_wilson_interval():
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-3)
    assert high == pytest.approx(0.9433, abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 2 / 32), (1, 9, 2 * 11 / 1024), (10, 0, 2 / 1024), (3000, 3000, 1.0)],
)
def test_mcnemar_is_twice_the_binomial_tail(first, second, p):
    assert mcnemar(first, second) == pytest.approx(p)


def test_the_bootstrap_agrees_with_the_normal_interval_of_many_questions():
    values = np.random.default_rng(0).normal(0.1, 1.0, 400)
    low, high = bootstrap(values.tolist())
    half = 1.96 * values.std() / 20
    assert (low, high) == (pytest.approx(values.mean() - half, abs=0.02), pytest.approx(values.mean() + half, abs=0.02))
    assert bootstrap([]) == (-1.0, 1.0)


def rows(hits):
    return [
        {"group": "g", "id": str(n), "question": f"问{n}", "outcome": "right" if hit else "wrong", "correct": bool(hit)}
        for n, hit in enumerate(hits)
    ]


def test_better_is_said_only_when_it_is():
    weak, strong = rows([0] * 40 + [1] * 20), rows([0] * 25 + [1] * 35)
    result = versus(weak, strong)
    assert (result.questions, result.verdict) == (60, "better")
    assert result.difference == 0.25
    assert 0 < result.low < 0.25 < result.high
    assert versus(strong, weak).verdict == "worse"
    assert versus(weak, rows([0] * 38 + [1] * 22)).verdict == "no difference shown"
    assert versus(weak, weak).verdict == "no difference shown"


def test_two_checkpoints_of_one_skill_are_seldom_called_different():
    draw = np.random.default_rng(7)
    called = [versus(rows(draw.random(80) < 0.4), rows(draw.random(80) < 0.4)).verdict for _ in range(40)]
    assert sum(verdict != "no difference shown" for verdict in called) <= 5  # 2 of 40 are expected at most


def test_only_questions_that_both_were_asked_count():
    assert versus(rows([1, 1, 0]), rows([1, 1])).questions == 2
    assert versus(rows([]), rows([1])).questions == 0
