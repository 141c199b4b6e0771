"""The learning rate and the weight decay at the places that matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.recipe import TrainSettings
from jianghu.training import learning_rate
from jianghu.training.optim import weight_decay


def test_warm_up_peak_and_end():
    settings = TrainSettings(max_iters=100, warmup_iters=10, learning_rate=1e-3)
    assert learning_rate(0, settings) == pytest.approx(1e-4)  # the first step is not lost
    assert learning_rate(9, settings) == learning_rate(10, settings) == pytest.approx(1e-3)
    assert learning_rate(99, settings) == pytest.approx(1e-4)  # min_lr = learning_rate / 10
    assert learning_rate(99, settings.model_copy(update={"min_lr": 0.0})) == pytest.approx(0.0)


def test_warmup_stable_decay_stays_at_its_peak_then_falls_in_a_line():
    settings = TrainSettings(max_iters=101, warmup_iters=10, learning_rate=1e-3, schedule="wsd", decay_share=0.2)
    assert [learning_rate(step, settings) for step in (10, 50, 81)] == pytest.approx([1e-3] * 3)
    assert learning_rate(100, settings) == pytest.approx(1e-4)
    falls = [learning_rate(step, settings) - learning_rate(step + 1, settings) for step in range(81, 100)]
    assert falls == pytest.approx([falls[0]] * 19)


def test_weight_decay_stays_or_falls_to_nothing():
    constant = TrainSettings(max_iters=101, weight_decay=0.4)
    falling = TrainSettings(max_iters=101, weight_decay=0.4, weight_decay_schedule="linear")
    assert {weight_decay(step, constant) for step in range(101)} == {0.4}
    assert [weight_decay(step, falling) for step in (0, 25, 50, 100)] == pytest.approx([0.4, 0.3, 0.2, 0.0])


@given(
    iters=st.integers(2, 500),
    share=st.floats(0, 0.99),
    step=st.integers(0, 499),
    schedule=st.sampled_from(["cosine", "wsd"]),
)
def test_it_rises_then_falls_and_stays_in_bounds(iters, share, step, schedule):
    settings = TrainSettings(max_iters=iters, warmup_iters=int(iters * share), learning_rate=1e-3, schedule=schedule)
    now, later = learning_rate(step, settings), learning_rate(step + 1, settings)
    assert 0 < now <= 1e-3 + 1e-12
    assert later >= now if step + 1 < settings.warmup_iters else later <= now + 1e-12 or step < settings.warmup_iters
