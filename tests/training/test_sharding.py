"""A sharded model takes the steps of a whole one, and its state and checkpoints are those of a whole one."""

import shutil

import pytest
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh

from jianghu.dataset import Batch
from jianghu.model import ModelConfig, Transformer, load_checkpoint
from jianghu.recipe import LoraSettings, TrainSettings
from jianghu.training import World
from jianghu.training.cost import HEADROOM, count_memory, devices_needed
from jianghu.training.sharding import is_sharded, placed, shard
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


BIG = ModelConfig(151_936, 1024, 28, 16, 8, 1024, 3072, head_dim=128)  # Qwen3-0.6B's
GIB = 2**30


def test_a_model_that_outgrows_one_device_is_shared_by_as_few_as_hold_it():
    settings = TrainSettings(batch_size=1, block_size=1024, dtype="float32", optimizer="adamw")
    memory = count_memory(BIG, settings, torch.float32, on_cpu=False, per_token=1e6)
    assert memory.kept == 16 * BIG.parameters
    assert devices_needed(memory, BIG, 11 * GIB, 1024) == 2
    few = devices_needed(memory, BIG, 9 * GIB, 1024)
    assert few is not None
    assert few > 2
    assert memory.shared(BIG, few).total(1024) <= 9 * GIB * HEADROOM < memory.shared(BIG, few - 1).total(1024)
    assert devices_needed(memory, BIG, 2 * GIB, 1024) is None  # its weights alone are more


@pytest.mark.parametrize(
    ("free", "setting", "sharded"),
    [(10**5, "auto", True), (10**12, "auto", False), (10**5, "off", False), (10**12, "on", True)],
)
def test_a_run_of_several_processes_is_sharded_where_it_does_not_fit(alone, monkeypatch, free, setting, sharded):
    monkeypatch.setattr("jianghu.training.sharding.available_memory", lambda device: free)
    said: list[str] = []
    several = World(0, 2)
    monkeypatch.setattr(several, "any", bool)  # the other one finds what this one finds
    monkeypatch.setattr("jianghu.training.sharding.init_device_mesh", lambda kind, shape: init_device_mesh(kind, (1,)))
    held = placed(model(), TrainSettings(shard=setting), CPU, several, said.append)
    assert is_sharded(held) == sharded == any("each of 2 processes" in line.lower() for line in said)


def test_an_adapter_is_not_sharded_and_says_so():
    said: list[str] = []
    settings = TrainSettings(shard="on", lora=LoraSettings(rank=2))
    assert not is_sharded(placed(model(), settings, CPU, World(0, 2), said.append))
    assert len(said) == 1
    assert "not sharded" in said[0]


def test_plan_says_how_many_devices_hold_what_one_does_not(shelf, monkeypatch):
    monkeypatch.setattr("jianghu.training.plan.available_memory", lambda device: 5 * GIB)
    wide = ["--n-embd", 1024, "--n-head", 16, "--n-layer", 40, "--optimizer", "adamw", "--batch-size", 1]
    refused = jianghu("plan", *wide, cwd=shelf, check=False)
    assert refused.returncode == 2
    assert "devices with as much memory hold it together" in refused.stderr
    assert "gradient_checkpointing = true needs less" in refused.stderr
