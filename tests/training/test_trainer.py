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

from jianghu.dataset import Batch, PretrainBatches, RecordBatches
from jianghu.model import ModelConfig, Transformer, add_adapter
from jianghu.recipe import LoraSettings, TrainSettings
from jianghu.training import Prompt, RunFolder, Trainer
from jianghu.training.evaluator import Evaluation
from jianghu.training.metrics import overfitting

from ..dataset.test_batches import CHARS, CPU, token_data
from ..dataset.test_records import PAIRS, tokenizer

BASE = TrainSettings(
    max_iters=12, batch_size=2, block_size=16, warmup_iters=2, eval_interval=4, save_interval=3, log_interval=2,
    learning_rate=1e-2, dropout=0.1, sample_tokens=4, gradient_accumulation_steps=2, keep_every=6, eval_share=10.0,
)  # fmt: skip
TIMES = ("seconds", "startup_seconds", "tokens_per_second", "mfu", "eval_seconds")


def config(block_size=16) -> ModelConfig:
    return ModelConfig(tokenizer().vocab_size, block_size, 2, 2, 1, 16, 32)


def trainer(folder, settings=BASE, source=None, scorer=None, resume=False) -> Trainer:
    model = Transformer(config(settings.block_size), settings.dropout)
    model.init_weights(settings.seed)
    if source is None:
        source = PretrainBatches(small_data(), CHARS, settings.batch_size, settings.block_size, settings.seed, CPU)
    prompts = [Prompt("沈青峰", tokenizer().encode("沈青峰"))]
    return Trainer(
        RunFolder(folder), settings, model, tokenizer(), source, prompts, {"run": "x"}, "jianghu --resume",
        Console(file=io.StringIO()), scorer=scorer, resume=resume,
    )  # fmt: skip


def weight_score(model) -> float:
    """A score that rises and falls with the weights, and has nothing to do with the loss."""
    assert not model.training
    model.train()  # a scorer may leave the model as it likes
    return float(model.model.embed_tokens.weight.detach().sum().mul(1000).sin())


def by_step(losses, scores=None):
    """Stands for `Evaluator.measure`: losses (and scores) of each step from a table."""
    return lambda model, step: Evaluation(losses[step], losses[step], scores[step] if scores else None)


class CrashError(Exception):
    """Stands for a process that dies."""


def crash_at(run: Trainer, step: int) -> None:
    """Let a trainer die in the middle of the step that follows `step`."""
    inner = run.stepper.source.batch

    def batch(number: int, rows: slice = slice(None)) -> Batch:
        if number >= step * run.settings.gradient_accumulation_steps:
            raise CrashError
        return inner(number, rows)

    run.stepper.source.batch = batch  # type: ignore[method-assign]


def outcome(folder):
    """Weights of all checkpoints and the logs, without times."""
    weights = {
        path.parent.name: (path.read_bytes(), (path.parent / "jianghu.json").read_text())
        for path in sorted(folder.glob("checkpoints/*/model.safetensors"))
    }
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    rows = [{key: value for key, value in row.items() if key not in TIMES} for row in rows]
    return weights, rows, (folder / "samples.jsonl").read_text()


VARIANTS = {
    "adamw": {"optimizer": "adamw"},
    "muon": {"optimizer": "muon", "ema_decay": 0.9, "schedule": "wsd"},
    "float16": {"optimizer": "muon", "dtype": "float16"},
    "bfloat16": {"optimizer": "muon", "dtype": "bfloat16", "ema_decay": 0.5},
}


# float16 takes minutes on a CPU without units for it; tests/training/test_scaling.py crashes a short run of it. What
# bfloat16 and a mixture add to the others, other fast tests see.
SLOW = dict.fromkeys(("float16", "bfloat16", "mixture"), pytest.mark.slow)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=SLOW.get(name, ())) for name in (*VARIANTS, "mixture", "records", "scorer")],
)
def unbroken(request, tmp_path_factory):
    """How to make a trainer, and what it leaves when nothing breaks it off."""
    settings = BASE.model_copy(update=VARIANTS.get(request.param, {"ema_decay": 0.9, "optimizer": "muon"}))
    if request.param == "records":  # packed rows
        settings = settings.model_copy(update={"block_size": 64})

    def make(folder, resume=False):
        scorer = weight_score if request.param == "scorer" else None
        return trainer(folder, settings, sources(request.param, settings), scorer, resume)

    folder = tmp_path_factory.mktemp(request.param)
    make(folder).train()
    return make, outcome(folder)


def sources(name, settings):
    if name == "records":
        return RecordBatches(PAIRS, PAIRS[:9], tokenizer(), settings.batch_size, settings.block_size, 1, CPU)
    if name == "mixture":
        mixed = [(0.3, np.arange(77) % config().vocab_size), (0.2, np.arange(50) % config().vocab_size)]
        return PretrainBatches(small_data(), CHARS, settings.batch_size, settings.block_size, 1, CPU, mixed)
    return None


def small_data():
    data = token_data(300, [40, 40])
    return type(data)(data.train % config().vocab_size, data.val % config().vocab_size, data.about)


@given(crashes=st.lists(st.integers(0, 11), min_size=1, max_size=3))
@settings(max_examples=3, deadline=None)
def test_a_run_that_died_at_any_step_ends_the_same_to_the_last_bit(unbroken, tmp_path_factory, crashes):
    make, wanted = unbroken
    folder = tmp_path_factory.mktemp("broken")
    resume = False
    for step in crashes:
        run = make(folder, resume)
        crash_at(run, step)
        try:
            run.train()
        except CrashError:
            resume = True
    make(folder, resume).train()
    assert outcome(folder) == wanted


def test_the_state_is_saved_before_validation_and_survives_a_crash_in_it(tmp_path):
    run = trainer(tmp_path)

    def fail(model, step):
        if step == 12:
            raise CrashError
        return Evaluation(1.0, 1.0)

    run.evaluator.measure = fail
    with pytest.raises(CrashError):
        run.train()
    assert RunFolder(tmp_path).load_state()[1].step == 12


def test_overfitting_is_said_in_words_once(tmp_path):
    out = io.StringIO()
    run = trainer(tmp_path, BASE.model_copy(update={"max_iters": 32}))
    run.console = Console(file=out, width=300)
    run.evaluator.measure = by_step({step: 5.0 + abs(step - 8) / 10 for step in range(0, 33, 4)})
    run.train()
    assert out.getvalue().count("learns its text by heart. Its best step was 8 (5.000") == 1


def test_rising_validation_is_no_overfitting_while_training_rises_too():
    rows = [{"step": n, "val_bpc": 5.0 + n, "train_loss": 5.0 + n} for n in range(6)]
    assert overfitting(rows) is None
    assert overfitting([{**row, "train_loss": 5.0 - row["step"] / 10} for row in rows]) is not None
    assert overfitting([{**row, "train_loss": 5.0 - row["step"] / 10} for row in rows][:3]) is None


def test_a_run_goes_on_in_the_arithmetic_it_began_with(tmp_path):
    run = trainer(tmp_path, BASE.model_copy(update={"dtype": "bfloat16"}))
    crash_at(run, 7)
    with pytest.raises(CrashError):
        run.train()
    again = trainer(tmp_path, BASE, resume=True)  # auto would take float32 for so narrow a model
    again.train()
    assert again.stepper.dtype == torch.bfloat16


def test_metrics_say_what_happened(tmp_path):
    run = trainer(tmp_path)
    run.train()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 2, 4, 6, 8, 10, 12]
    assert [row["step"] for row in rows if "val_bpc" in row] == [0, 4, 8, 12]
    assert rows[0]["val_loss"] == pytest.approx(math.log(config().vocab_size), rel=0.05)
    assert rows[-1]["tokens"] == 12 * 2 * 2 * 16
    assert rows[-1]["epochs"] == pytest.approx(12 * 2 / run.stepper.source.batches_per_epoch, abs=1e-3)
    assert rows[-1]["val_bpc"] == pytest.approx(rows[-1]["val_loss"] / math.log(2))  # one character a token here
    assert all(row["train_loss"] > 0 and row["tokens_per_second"] > 0 and 0 < row["mfu"] < 1.5 for row in rows[1:])
    assert rows[-1]["seconds"] + rows[-1]["eval_seconds"] < 60
    assert all(row["train_bpc"] == pytest.approx(row["train_loss"] / math.log(2)) for row in rows[1:])
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


def test_training_learns(tmp_path):
    ring = np.arange(300, dtype=np.uint16) % 7 + 20
    data = token_data(300, [40])
    val = np.concatenate([[0], ring[:40]]).astype(np.uint16)
    source = PretrainBatches(type(data)(ring, val, data.about), CHARS, 4, 16, 1, CPU)
    run = trainer(tmp_path, BASE.model_copy(update={"max_iters": 150, "eval_interval": 50, "dropout": 0.0}), source)
    assert run.train().best_val < 0.8  # a guess at random among the seven is 2.8 bits


def test_validation_costs_no_more_than_its_share(tmp_path):
    settings = BASE.model_copy(update={"eval_share": 0.1, "eval_interval": 20, "ema_decay": 0.0})
    steps_rows = 20 * settings.batch_size * settings.gradient_accumulation_steps
    asked: list[int] = []
    source = PretrainBatches(small_data(), CHARS, settings.batch_size, settings.block_size, settings.seed, CPU)
    inner = source.validation
    source.validation = lambda most: asked.append(most) or inner(most)
    trainer(tmp_path, settings, source)
    assert asked == [int(0.1 * 3 * steps_rows)]  # a trained row costs three forward passes, a scored one one


def test_validation_and_samples_are_not_counted_as_training(tmp_path, monkeypatch):
    """On a clock that only steps (1 second each) and validation (100 seconds) move."""
    now = [0.0]
    monkeypatch.setattr("jianghu.training.trainer.peak_flops", lambda *device: 1e9)
    run = trainer(tmp_path, BASE.model_copy(update={"eval_interval": 2, "log_interval": 2}))
    measure, take = run.evaluator.measure, run.stepper.take
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def passing(seconds, work):
        def wrapped(*arguments):
            now[0] += seconds
            return work(*arguments)

        return wrapped

    run.evaluator.measure, run.stepper.take = passing(100.0, measure), passing(1.0, take)
    run.train()
    row = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()][-1]
    assert (row["seconds"], row["startup_seconds"], row["eval_seconds"]) == (11.0, 1.0, 700.0)
    assert row["tokens_per_second"] == 2 * 2 * 16  # a step's tokens


def test_no_step_reads_a_number_from_the_device_unless_a_row_is_due(tmp_path, monkeypatch):
    run = trainer(tmp_path, BASE.model_copy(update={"grad_clip": 1.0, "optimizer": "muon", "ema_decay": 0.9}))
    run.train()
    reads: list[str] = []
    for name in ("item", "tolist", "__bool__", "__float__", "__int__", "numpy"):
        monkeypatch.setattr(torch.Tensor, name, lambda *a, name=name, **k: reads.append(name) or 0)
    for step in range(4):
        run.stepper.take(step)
    # AdamW's fused kernel reads nothing; what remains is the loss of a CPU, which counts its rows on the host
    assert reads == []


@pytest.mark.parametrize("packed", [False, True])
def test_the_forward_pass_is_one_graph(packed):
    """A branch on a tensor's value would break it, and with it the compiled step."""
    model = Transformer(config(), 0.1)
    whole = torch.compile(model.forward, fullgraph=True, backend="eager")
    ids = torch.zeros(2, 16, dtype=torch.int64)
    segments = torch.ones(2, 16, dtype=torch.int64) if packed else None
    assert whole(ids, segments, ids if packed else None).shape == (2, 16, 16)


@pytest.mark.slow  # compiles
def test_with_an_adapter_and_computed_again_it_is_one_graph_too_and_the_same_loss():
    outcomes = []
    for compiled in (False, True):
        model = Transformer(config(), 0.2)
        model.init_weights(0)
        add_adapter(model, LoraSettings(rank=2, dropout=0.2), 1)
        model.recompute = True
        forward = torch.compile(model.forward, fullgraph=True, backend="aot_eager") if compiled else model.forward
        ids = torch.arange(32).view(2, 16) % config().vocab_size
        torch.manual_seed(3)
        loss = model.nats(forward(ids), ids)
        loss.backward()
        outcomes.append([loss.detach(), *(w.grad for w in model.parameters() if w.grad is not None)])
    assert all(torch.equal(one, other) for one, other in zip(*outcomes, strict=True))
