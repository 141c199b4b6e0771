"""The training loop: exact resume, honest metrics, checkpoints in the right order."""

import io
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from jianghu.dataset import Batch, PretrainBatches
from jianghu.errors import RunError
from jianghu.model import ModelConfig, Transformer, load_checkpoint
from jianghu.recipe import TrainSettings
from jianghu.training import Prompt, RunFolder, Trainer

from ..dataset.test_batches import CHARS, CPU, token_data
from ..dataset.test_records import tokenizer

BASE = TrainSettings(
    max_iters=12, batch_size=2, block_size=16, warmup_iters=2, eval_interval=4, save_interval=3, log_interval=2,
    learning_rate=1e-2, dropout=0.1, sample_tokens=4, gradient_accumulation_steps=2, keep_every=6, eval_share=10.0,
)  # fmt: skip
TIMES = ("seconds", "startup_seconds", "tokens_per_second", "mfu", "eval_seconds")


def config() -> ModelConfig:
    return ModelConfig(tokenizer().vocab_size, 16, 2, 2, 1, 16, 32)


def trainer(folder, settings=BASE, source=None) -> Trainer:
    model = Transformer(config(), settings.dropout)
    model.init_weights(settings.seed)
    if source is None:
        data = token_data(300, [40, 40])
        data = type(data)(data.train % config().vocab_size, data.val % config().vocab_size, data.about)
        source = PretrainBatches(data, CHARS, settings.batch_size, settings.block_size, settings.seed, CPU)
    prompts = [Prompt("沈青峰", tokenizer().encode("沈青峰"))]
    return Trainer(
        RunFolder(folder), settings, model, tokenizer(), source, prompts, {"run": "x"}, "jianghu --resume",
        Console(file=io.StringIO()),
    )  # fmt: skip


class CrashError(Exception):
    """Stands for a process that dies."""


def crash_at(run: Trainer, step: int) -> None:
    """Let a trainer die in the middle of the step that follows `step`."""
    inner = run.source.batch

    def batch(number: int, rows: slice = slice(None)) -> Batch:
        if number >= step * run.settings.gradient_accumulation_steps:
            raise CrashError
        return inner(number, rows)

    run.source.batch = batch  # type: ignore[method-assign]


def outcome(folder):
    """Weights of all checkpoints and the logs, without times."""
    weights = {
        path.parent.name: (path.read_bytes(), (path.parent / "jianghu.json").read_text())
        for path in sorted(folder.glob("checkpoints/*/model.safetensors"))
    }
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    rows = [{key: value for key, value in row.items() if key not in TIMES} for row in rows]
    return weights, rows, (folder / "samples.jsonl").read_text()


@pytest.fixture(scope="module", params=["adamw", "muon"])
def unbroken(request, tmp_path_factory):
    settings = BASE.model_copy(update={"optimizer": request.param})
    folder = tmp_path_factory.mktemp(request.param)
    trainer(folder, settings).train()
    return settings, outcome(folder)


@given(crashes=st.lists(st.integers(0, 11), min_size=1, max_size=3))
@settings(max_examples=8, deadline=None)
def test_a_run_that_died_at_any_step_ends_the_same_to_the_last_bit(unbroken, tmp_path_factory, crashes):
    wanted_settings, wanted = unbroken
    folder = tmp_path_factory.mktemp("broken")
    resume = False
    for step in crashes:
        run = trainer(folder, wanted_settings)
        crash_at(run, step)
        try:
            run.train(resume)
        except CrashError:
            resume = True
    trainer(folder, wanted_settings).train(resume)
    assert outcome(folder) == wanted


def test_the_state_is_saved_before_validation_and_survives_a_crash_in_it(tmp_path):
    run = trainer(tmp_path)

    def fail(batches):
        if run.at.step == 12:
            raise CrashError
        return 1.0, 1.0

    run._validate = fail
    with pytest.raises(CrashError):
        run.train()
    assert RunFolder(tmp_path).load_state(run.stepper).step == 12


def test_best_is_never_overwritten_by_worse_and_last_and_milestones_are_kept(tmp_path):
    run = trainer(tmp_path)
    losses = {0: 9.0, 4: 5.0, 8: 7.0, 12: 6.0}
    run._validate = lambda batches: (losses[run.at.step], losses[run.at.step])
    result = run.train()
    assert (result.best_step, result.best_val) == (4, 5.0)
    steps = {p.parent.name: json.loads(p.read_text())["step"] for p in tmp_path.glob("checkpoints/*/jianghu.json")}
    assert steps == {"best": 4, "last": 12, "step-000006": 6, "step-000012": 12}
    assert load_checkpoint(tmp_path / "checkpoints" / "best").about["val_bpc"] == 5.0


def test_metrics_say_what_happened(tmp_path):
    run = trainer(tmp_path)
    run.train()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 2, 4, 6, 8, 10, 12]
    assert [row["step"] for row in rows if "val_bpc" in row] == [0, 4, 8, 12]
    assert rows[0]["val_loss"] == pytest.approx(math.log(config().vocab_size), rel=0.05)
    assert rows[-1]["tokens"] == 12 * 2 * 2 * 16
    assert rows[-1]["epochs"] == pytest.approx(12 * 2 / run.source.batches_per_epoch, abs=1e-3)
    assert rows[-1]["val_bpc"] == pytest.approx(rows[-1]["val_loss"] / math.log(2))  # one character a token here
    assert all(row["train_loss"] > 0 and row["tokens_per_second"] > 0 and 0 < row["mfu"] < 1.5 for row in rows[1:])
    assert rows[-1]["seconds"] + rows[-1]["eval_seconds"] < 60
    assert list((tmp_path / "tensorboard").glob("events.*"))


def test_accumulated_steps_weigh_every_token_alike(tmp_path):
    """Two micro-batches with different numbers of targets give the step of one batch that holds both."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(0, config().vocab_size, (4, 16), generator=generator)
    targets = torch.randint(0, config().vocab_size, (4, 16), generator=generator)
    targets[:2, 3:] = -100

    class Fixed:
        batches_per_epoch = 1.0
        characters_per_target = 1.0

        def __init__(self, parts):
            self.parts = [slice(*part) for part in parts]

        def batch(self, number, rows):
            part = self.parts[number % len(self.parts)]
            return Batch(ids[part], targets[part], int((targets[part] != -100).sum()))

        def validation(self, most_rows):
            return [Batch(ids, targets, 38, characters=38)]

    weights = []
    for name, parts in (("whole", [(0, 4)]), ("parts", [(0, 2), (2, 4)])):
        settings = BASE.model_copy(
            update={"gradient_accumulation_steps": len(parts), "dropout": 0.0, "max_iters": 3, "optimizer": "adamw"}
        )
        run = trainer(tmp_path / name, settings, Fixed(parts))
        run.train()
        weights.append([weight.detach().clone() for weight in run.model.parameters()])
    for whole, parts in zip(*weights, strict=True):
        # Adam turns rounding of tiny gradients into whole steps of single weights, so the mean is compared;
        # micro-batches weighed alike instead of by their tokens differ by 1e-3.
        assert (whole - parts).abs().mean() < 2e-5


def test_a_loss_that_is_no_number_stops_the_run_and_spares_the_saved_state(tmp_path):
    run = trainer(tmp_path)
    inner = run.model.loss

    def poisoned(*arguments):
        return inner(*arguments) * (math.nan if run.at.step == 4 and run.model.training else 1.0)

    run.model.loss = poisoned
    with pytest.raises(RunError, match=r"loss .*training has diverged"):
        run.train()
    assert RunFolder(tmp_path).load_state(run.stepper).step == 3
    assert all(bool(weight.isfinite().all()) for weight in run.model.parameters())


def test_training_learns(tmp_path):
    ring = np.arange(300, dtype=np.uint16) % 7 + 20
    data = token_data(300, [40])
    val = np.concatenate([[0], ring[:40]]).astype(np.uint16)
    source = PretrainBatches(type(data)(ring, val, data.about), CHARS, 4, 16, 1, CPU)
    run = trainer(tmp_path, BASE.model_copy(update={"max_iters": 150, "eval_interval": 50, "dropout": 0.0}), source)
    assert run.train().best_val < 0.8  # a guess at random among the seven is 2.8 bits
