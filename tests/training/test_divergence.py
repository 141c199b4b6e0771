"""What is not finite never replaces what was."""

import json
import math

import pytest
import torch

from jianghu.errors import RunError
from jianghu.model import load_checkpoint
from jianghu.training import RunFolder
from jianghu.training.state import are_finite

from .test_trainer import BASE, trainer


def diverging(folder, at, poison, update=None):
    """A trainer that saves every step and is poisoned when step `at` is taken, and the error with which it ends."""
    run = trainer(folder, BASE.model_copy(update={"save_interval": 1, "ema_decay": 0.9} | (update or {})))
    take = run.stepper.take

    def poisoned(step):
        loss = take(step)
        return poison(run, loss) if step == at else loss

    run.stepper.take = poisoned
    with pytest.raises(RunError, match="diverged") as raised:
        run.train()
    return run, str(raised.value)


def poison_loss(run, loss):
    return loss * math.nan


def poison_weight(run, loss):
    """The loss of the step is finite, and its update is not: seen only by looking at the weights."""
    with torch.no_grad():
        run.model.model.layers[0].mlp.up_proj.weight[0, 0] = math.inf
    return loss


def poison_moment(run, loss):
    next(iter(run.stepper.optimizers.parts[0].state.values()))["exp_avg"].fill_(math.nan)
    return loss


def poison_mean(run, loss):
    next(iter(run.stepper.ema.weights.values())).fill_(math.nan)
    return loss


def poison_scale(run, loss):
    """Finite weights of which no finite loss comes."""
    with torch.no_grad():
        for weight in run.model.parameters():
            weight.mul_(1e37)
    return loss


@pytest.mark.parametrize("log_interval", [1, 5])
@pytest.mark.parametrize("poison", [poison_loss, poison_weight, poison_moment, poison_mean, poison_scale])
def test_what_is_not_finite_never_replaces_the_last_state_and_checkpoints(tmp_path, poison, log_interval):
    run, message = diverging(tmp_path, 7, poison, {"log_interval": log_interval})
    tensors, state = RunFolder(tmp_path).load_state()
    assert state.step == 7
    assert are_finite(tensors.values())
    assert "step 7" in message
    assert "jianghu --resume --learning-rate 0.003" in message
    for path in (tmp_path / "checkpoints").iterdir():
        assert are_finite(load_checkpoint(path).model.parameters())
    assert load_checkpoint(tmp_path / "checkpoints" / "last").about["step"] == 7
    lower = trainer(tmp_path, run.settings.model_copy(update={"learning_rate": 3e-3}), resume=True)
    assert lower.train().step == 12
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert all(math.isfinite(row["train_loss"]) for row in rows if "train_loss" in row)


def test_a_rate_that_explodes_keeps_the_last_finite_state(tmp_path):
    """No poison: a real run whose rate is far too high, saved at every step."""
    wild = BASE.model_copy(
        update={"save_interval": 1, "learning_rate": 1e38, "warmup_iters": 8, "grad_clip": 0.0, "dtype": "float32"}
    )
    with pytest.raises(RunError, match="diverged"):
        trainer(tmp_path, wild).train()
    tensors, state = RunFolder(tmp_path).load_state()
    assert are_finite(tensors.values())
    tame = trainer(tmp_path, wild.model_copy(update={"learning_rate": 1e-3, "grad_clip": 1.0}), resume=True)
    assert tame.state.step == state.step
    assert tame.train().step == 12
