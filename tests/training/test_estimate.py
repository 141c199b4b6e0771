"""What a run costs, reckoned before it is begun: against what it then needs."""

import json
import shutil
import subprocess
import sys

import pytest
import torch

from jianghu.model import ModelConfig
from jianghu.recipe import LoraSettings, TrainSettings
from jianghu.training.cost import available_memory
from jianghu.training.estimate import measure_memory, measure_times, run_seconds
from jianghu.workspace import Workspace

from ..conftest import jianghu

CPU = torch.device("cpu")
CONFIG = ModelConfig(2000, 128, 4, 4, 4, 128, 384)
SETTINGS = TrainSettings(batch_size=32, block_size=128, dtype="float32", compile="off", optimizer="adamw")

PEAK = """
import sys
import torch
from jianghu.recipe import LoraSettings
from jianghu.model import Transformer
from jianghu.training.estimate import _Noise
from jianghu.training.state import TrainState
from jianghu.training.step import TrainStep
from jianghu.training.world import World
from tests.training.test_estimate import CONFIG, SETTINGS, CPU
torch.set_num_threads(1)
def step(settings):
    model = Transformer(CONFIG)
    model.init_weights(0)
    stepper = TrainStep(settings, model, _Noise(2000, settings.batch_size, 128, CPU), World(), TrainState())
    for n in range(2):
        stepper.take(n)
    # ru_maxrss would be that of the process which started this one, where that is the larger
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return 1024 * int(peak.split()[1])
settings = SETTINGS.model_copy(update={"gradient_checkpointing": "again" in sys.argv})
if "adapter" in sys.argv:
    settings = settings.model_copy(update={"lora": LoraSettings(rank=4)})
small = step(settings.model_copy(update={"batch_size": 1}))
print(step(settings) - small)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("what", "update"),
    [
        pytest.param("all", {}, marks=pytest.mark.slow),
        pytest.param("again", {"gradient_checkpointing": True}, marks=pytest.mark.slow),
        pytest.param("adapter", {"lora": LoraSettings(rank=4)}, marks=pytest.mark.slow),
    ],
)
def test_memory_is_what_training_needs(what, update):
    """Growth from a batch of one row to one of 32, in a process of its own."""
    printed = subprocess.run([sys.executable, "-c", PEAK, what], capture_output=True, text=True, check=True).stdout
    memory = measure_memory(CONFIG, SETTINGS.model_copy(update=update), CPU)
    reckoned = memory.total(32 * 128) - memory.total(128)
    assert reckoned == pytest.approx(int(printed), rel=0.35)


def test_memory_by_optimizer_and_the_largest_batch():
    adamw = measure_memory(CONFIG, SETTINGS, CPU)
    muon = measure_memory(CONFIG, SETTINGS.model_copy(update={"optimizer": "muon", "ema_decay": 0.9}), CPU)
    assert adamw.optimizer == 2 * adamw.gradients == 8 * CONFIG.parameters
    blocks = CONFIG.parameters - 2000 * 128
    assert muon.optimizer == 4 * (blocks + 2 * 2000 * 128)
    assert (adamw.ema, muon.ema) == (0, 4 * CONFIG.parameters)
    most = adamw.most_tokens(adamw.total(5000))
    assert most == pytest.approx(5000, abs=1)
    assert adamw.most_tokens(10) == 0
    assert 2**20 < available_memory(CPU) < 2**45


def test_time_of_a_run_adds_up(tmp_path):
    memory = measure_memory(CONFIG, SETTINGS, CPU)
    times = measure_times(CONFIG, SETTINGS, CPU, tmp_path, 1000)
    assert times.step > 20 * times.row > 0  # 32 rows, each three forward passes
    short, long = (
        run_seconds(SETTINGS.model_copy(update={"max_iters": n, "sample_tokens": 0}), times, memory, 10)
        for n in (500, 1000)
    )
    assert long - short == pytest.approx(500 * times.step + 2 * 10 * times.row, rel=0.2)
    assert not list(tmp_path.iterdir())


def test_plan_says_what_pretraining_and_fine_tuning_cost(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr("jianghu.training.estimate.MEASURE_SECONDS", 0.1)
    root = shutil.copytree(shelf, tmp_path / "shelf")
    facts = json.loads(jianghu("plan", "--json", "--max-iters", 50, cwd=root).stdout)
    run = facts["pretrain"]
    assert facts["shelf"]["prepared"]
    assert run["tokens"] == 50 * 4 * 32
    books = 1 - sum(Workspace(root).recipe().pretrain.mixture.values())
    assert run["epochs"] == pytest.approx(books * run["tokens"] / facts["shelf"]["train_tokens"])
    assert run["seconds"] > 50 * run["seconds_per_step"] > 0
    assert facts["seconds"] == pytest.approx(run["seconds"] + facts["sft"]["seconds"])
    rows = [json.loads(line) for line in (root / "data/records/train.jsonl").read_text(encoding="utf-8").splitlines()]
    sft = facts["sft"]
    assert sft["facts"] == len({row["fact"] for row in rows})
    assert sft["exposures"] == pytest.approx(sft["epochs"] * len(rows) / sft["facts"])
    assert sft["epochs"] > 0
    printed = jianghu("plan", "--batch-size", 10**8, cwd=root).stdout
    assert "each fact is seen" in printed
    assert "largest block_size" in printed
    assert "does not fit in memory. Set batch_size to" in printed
    shutil.rmtree(root / "data")
    assert not json.loads(jianghu("plan", "--json", cwd=root).stdout)["shelf"]["prepared"]
    crowded = jianghu("plan", "--block-size", 10**9, cwd=root, check=False)
    assert crowded.returncode == 2
    assert "Lower block_size to" in crowded.stderr
