"""Intervals and paired tests against values worked out by hand, and against how often they err."""

import numpy as np
import pytest

from jianghu.stats import Share, bootstrap, mcnemar, rank_correlation, share, versus, wilson


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


def pairs(first, second):
    return [(bool(a), bool(b)) for a, b in zip(first, second, strict=False)]


def test_better_is_said_only_when_it_is():
    weak, strong = [0] * 40 + [1] * 20, [0] * 25 + [1] * 35
    result = versus(pairs(weak, strong))
    assert (result.questions, result.verdict) == (60, "better")
    assert result.difference == 0.25
    assert 0 < result.low < 0.25 < result.high
    assert versus(pairs(strong, weak)).verdict == "worse"
    assert versus(pairs(weak, [0] * 38 + [1] * 22)).verdict == "no difference shown"
    assert versus(pairs(weak, weak)).verdict == "no difference shown"
    assert versus([]).questions == 0


def test_two_checkpoints_of_one_skill_are_seldom_called_different():
    draw = np.random.default_rng(7)
    called = [versus(pairs(draw.random(80) < 0.4, draw.random(80) < 0.4)).verdict for _ in range(40)]
    assert sum(verdict != "no difference shown" for verdict in called) <= 5  # 2 of 40 are expected at most


def test_a_share_has_its_interval():
    assert share([True] * 8 + [False] * 2) == Share(accuracy=0.8, low=0.4902, high=0.9433)
    assert str(share([True, False])) == "50% (9%–91%)"
    assert share([]) == Share(accuracy=0.0, low=0.0, high=1.0)


@pytest.mark.parametrize(
    ("left", "right", "value"),
    [([1, 2, 3], [10, 20, 30], 1.0), ([1, 2, 3], [3, 2, 1], -1.0), ([1, 2, 3, 4], [1, 3, 2, 4], 0.8)],
)
def test_rank_correlation_by_hand(left, right, value):
    assert rank_correlation(left, right) == pytest.approx(value)
    assert rank_correlation(left[:2], right[:2]) is None
