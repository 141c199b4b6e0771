"""A sharded model takes the steps of a whole one, and its state and checkpoints are those of a whole one."""

import shutil

import pytest
import torch
import torch.distributed as dist

from jianghu.dataset import Batch
from jianghu.model import ModelConfig, Transformer, load_checkpoint
from jianghu.recipe import TrainSettings
from jianghu.training import World
from jianghu.training.sharding import is_sharded, shard
from jianghu.training.state import TrainState
from jianghu.training.step import TrainStep

from ..conftest import jianghu
from .test_world import FLAGS, assert_alike, torchrun

CPU = torch.device("cpu")
CONFIG = ModelConfig(61, 16, 2, 4, 2, 24, 44)


class Drawn:
    """Random rows, a function of their number."""

    batches_per_epoch = characters_per_target = 1.0

    def batch(self, number: int, rows: slice = slice(None)) -> Batch:
        ids = torch.randint(0, 61, (4, 17), generator=torch.Generator().manual_seed(number))
        return Batch(ids[rows, :-1], ids[rows, 1:], 4 * 16)

    def validation(self, most_rows: int) -> list[Batch]:
        return []


@pytest.fixture
def alone(tmp_path):
    """A group of this process alone, in which a model can be sharded: the code is that of many."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def model() -> Transformer:
    made = Transformer(CONFIG)
    made.init_weights(0)
    return made


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_sharded_steps_state_and_whole_model_are_those_of_a_whole_model(alone, optimizer):
    settings = TrainSettings(
        batch_size=4, block_size=16, max_iters=9, warmup_iters=1, learning_rate=1e-3, optimizer=optimizer,
        ema_decay=0.9, dtype="float32", gradient_accumulation_steps=2, gradient_checkpointing=optimizer == "muon",
    )  # fmt: skip
    whole = TrainStep(settings, model(), Drawn(), World(), TrainState())
    parts = TrainStep(settings, shard(model(), CPU, World()), Drawn(), World(), TrainState())
    assert is_sharded(parts.model)
    assert not is_sharded(whole.model)
    for step in range(3):
        torch.testing.assert_close(parts.take(step), whole.take(step))
    ours, theirs = parts.tensors(), whole.tensors()
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-3, atol=1e-5)
    assert parts.is_finite()
    assert parts.can_go_on(Drawn().batch(7))
    with parts.whole(mean=True) as one, whole.whole(mean=True) as other:
        assert not is_sharded(one)
        for name, tensor in other.state_dict().items():
            torch.testing.assert_close(one.state_dict()[name], tensor, rtol=1e-3, atol=1e-5)
    again = TrainStep(settings, shard(model(), CPU, World()), Drawn(), World(), TrainState())
    again.restore(theirs)
    assert all(torch.equal(value, theirs[name]) for name, value in again.tensors().items())
    torch.testing.assert_close(again.take(3), whole.take(3))


@pytest.mark.slow  # torchrun and its processes load PyTorch, three times in a test
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_two_processes_with_half_of_the_model_each_train_as_one_and_the_run_moves(shelf, tmp_path, optimizer):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    flags = [word for pair in FLAGS.items() for word in pair] + ["--optimizer", optimizer]
    half = [*flags, "--max-iters", 10]
    jianghu("pretrain", "--name", "one", *flags, "--max-iters", 20, cwd=root)
    printed = torchrun(root, "pretrain", "--name", "two", *half, "--shard", "on")
    assert printed.stdout.count("Each of 2 processes holds a part") == 1
    resumed = "--max-iters", 20, "--resume"
    jianghu("pretrain", "--name", "two", *resumed, cwd=root)  # alone, from the state of two
    assert_alike(root, "two")
    jianghu("pretrain", "--name", "moved", *half, cwd=root)
    torchrun(root, "pretrain", "--name", "moved", *resumed, "--shard", "on", "--gradient-checkpointing")
    assert_alike(root, "moved")
    one, moved = (load_checkpoint(root / f"runs/{name}/checkpoints/last").model for name in ("one", "moved"))
    for left, right in zip(one.parameters(), moved.parameters(), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-2, atol=2e-4)
