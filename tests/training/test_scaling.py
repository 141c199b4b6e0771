"""float16 with a scaled loss: the same step, no gradient lost, no step taken on one that overflowed, exact resume."""

import pytest
import torch
from torch.amp import GradScaler

from jianghu.computing import Computing
from jianghu.dataset import PretrainBatches
from jianghu.model import Transformer
from jianghu.training import scaling
from jianghu.training.scaling import LossScaling
from jianghu.training.state import FIRST_SCALE, TrainState
from jianghu.training.step import TrainStep
from jianghu.training.world import World

from ..dataset.test_batches import CHARS, CPU
from .test_trainer import BASE, config, small_data, trainer

SETTINGS = BASE.model_copy(update={"optimizer": "muon", "dropout": 0.0})


def stepper(state=None, **changes) -> TrainStep:
    settings = SETTINGS.model_copy(update=changes)
    model = Transformer(config(), 0.0)
    model.init_weights(1)
    with torch.no_grad():  # blocks that do something: they begin as the identity
        for name, weight in model.named_parameters():
            if name.endswith("down_proj.weight"):
                weight.normal_(std=0.02, generator=torch.Generator().manual_seed(2))
    source = PretrainBatches(small_data(), CHARS, settings.batch_size, settings.block_size, settings.seed, CPU)
    return TrainStep(settings, model, source, World(), state or TrainState())


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_scaled_step_is_the_same_step_to_the_last_bit(optimizer):
    """In float32, where no number is lost: the scale is a power of two."""
    plain, scaled = stepper(optimizer=optimizer), stepper(optimizer=optimizer)
    scaled.scaling = LossScaling(TrainState())
    for step in range(4):
        assert plain.take(step) == scaled.take(step)
    for one, other in zip(plain.weights, scaled.weights, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_step_in_float16_is_near_that_in_float32(optimizer):
    half, full = stepper(optimizer=optimizer, dtype="float16"), stepper(optimizer=optimizer, dtype="float32")
    assert half.scaling is not None
    begun = [weight.detach().clone() for weight in full.weights]
    for step in range(8):
        assert half.take(step).item() == pytest.approx(full.take(step).item(), rel=5e-3)
    moved = torch.cat([(w - b).flatten() for w, b in zip(full.weights, begun, strict=True)])
    also = torch.cat([(w - b).flatten() for w, b in zip(half.weights, begun, strict=True)])
    assert torch.nn.functional.cosine_similarity(moved, also, dim=0) > 0.95


def test_small_gradients_are_lost_only_without_a_scale():
    weight = torch.nn.Parameter(torch.ones(3))
    lost = {}
    for scale in (1.0, FIRST_SCALE):
        state = TrainState(loss_scale=scale)
        weight.grad = None
        hidden = weight.half()
        small = torch.tensor(1e-9 * scale).half()  # what the backward pass hands on in float16
        hidden.backward(torch.full((3,), float(small), dtype=torch.float16))
        assert LossScaling(state).unscale([weight])
        lost[scale] = bool((weight.grad == 0).all())
    assert lost == {1.0: True, FIRST_SCALE: False}


def test_a_step_that_overflows_is_left_out_and_the_scale_halved():
    state = TrainState(loss_scale=2.0**40)
    run = stepper(state, dtype="float16")
    before = [weight.detach().clone() for weight in run.weights]
    assert run.take(0).isfinite()
    assert all(torch.equal(weight, old) for weight, old in zip(run.weights, before, strict=True))
    assert (state.loss_scale, state.good_steps) == (2.0**39, 0)
    for step in range(1, 60):
        run.take(step)
        assert all(bool(weight.isfinite().all()) for weight in run.weights)
    assert state.good_steps > 5
    assert not torch.equal(run.weights[0], before[0])


def test_the_scale_moves_as_pytorchs(monkeypatch):
    monkeypatch.setattr(scaling, "GROWTH_STEPS", 3)
    theirs, state = GradScaler("cpu", init_scale=8.0, growth_interval=3), TrainState(loss_scale=8.0)
    ours, weight = LossScaling(state), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.0)
    for value in (1.0, 1.0, 1.0, 2.0, float("inf"), 1.0, float("nan"), 1.0, 1.0, 1.0, 1.0, 3.0):
        weight.grad = torch.full((2,), value) * ours.scale
        theirs.scale(torch.ones(1))
        theirs.unscale_(optimizer)
        theirs.step(optimizer)
        theirs.update()
        weight.grad = torch.full((2,), value) * ours.scale
        assert ours.unscale([weight]) == (value < 10)
        assert ours.scale == theirs.get_scale()


@pytest.mark.slow  # float16 on a CPU
def test_the_scale_and_the_choice_are_part_of_the_state(tmp_path):
    first = trainer(tmp_path, SETTINGS.model_copy(update={"dtype": "float16", "max_iters": 6}))
    first.state.loss_scale = 2.0**30  # the first steps overflow
    first.train()
    _, state = first.run.load_state()
    assert state.computing == Computing("float16", False)
    assert state.loss_scale == first.state.loss_scale < 2.0**30
    assert state.good_steps == first.state.good_steps
