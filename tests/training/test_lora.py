"""Training an adapter: exact resume, what is saved, beside transformers and PEFT, and what it costs."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from jianghu.errors import InputError
from jianghu.model import ModelConfig, Transformer, load_checkpoint
from jianghu.recipe import LoraSettings, TrainSettings
from jianghu.training import RunFolder
from jianghu.training.cost import count_memory, flops_per_token
from jianghu.training.estimate import measure_memory

from ..conftest import jianghu
from .test_trainer import BASE, CPU, CrashError, config, crash_at, outcome, trainer

LORA = LoraSettings(rank=3, alpha=6.0, dropout=0.2)
ADAPTED = BASE.model_copy(update={"lora": LORA, "ema_decay": 0.9})


def test_an_adapter_that_died_ends_the_same_to_the_last_bit_and_its_state_holds_it_alone(tmp_path):
    trainer(tmp_path / "whole", ADAPTED).train()
    for step in (4, 10):
        run = trainer(tmp_path / "broken", ADAPTED, resume=step > 4)
        crash_at(run, step)
        with pytest.raises(CrashError):
            run.train()
    trainer(tmp_path / "broken", ADAPTED, resume=True).train()
    assert outcome(tmp_path / "whole") == outcome(tmp_path / "broken")
    for name in ("last", "best", "ema"):
        one, other = (
            load_file(tmp_path / folder / "checkpoints" / name / "adapter" / "adapter_model.safetensors")
            for folder in ("whole", "broken")
        )
        assert all(torch.equal(one[key], other[key]) for key in one)
    tensors, state = RunFolder(tmp_path / "whole").load_state()
    assert len(state.base) == 64
    assert {name.rpartition(".")[2] for name in tensors} == {"lora_A", "lora_B"}
    assert {name.partition(".")[0] for name in tensors} == {"weights", "optimizer", "ema"}


def test_an_adapter_does_not_go_on_over_another_base(tmp_path):
    trainer(tmp_path, ADAPTED.model_copy(update={"max_iters": 3})).train()
    run = trainer(tmp_path, ADAPTED, resume=True)
    other = Transformer(config(), 0.1)
    other.init_weights(99)
    with pytest.raises(InputError, match="another base model"):
        type(run)(
            RunFolder(tmp_path), ADAPTED, other, run.tokenizer, run.stepper.source, [], {}, "jianghu --resume",
            resume=True,
        )  # fmt: skip


@pytest.mark.parametrize("optimizer", ["auto", "muon"])
def test_an_adapter_is_trained_by_adamw(tmp_path, optimizer):
    many = ADAPTED.model_copy(update={"optimizer": optimizer, "batch_size": 100, "learning_rate": "auto"})
    run = trainer(tmp_path, many)
    assert run.settings.optimizer == "adamw"
    assert [type(part).__name__ for part in run.stepper.optimizers.parts] == ["AdamW"]


def test_the_programs_adapter_is_merged_where_others_look_and_resumes(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    flags = ["--lora.rank", 2, "--lora.targets", "q_proj", "--lora.targets", "down_proj", "--learning-rate", 0.05]
    told = jianghu("sft", "--name", "thin", *flags, "--max-iters", 10, cwd=root).stdout
    assert "AdamW trains it" in told  # the preset has muon
    refused = jianghu("sft", "--name", "thin", "--resume", "--lora.rank", 3, cwd=root, check=False)
    assert refused.returncode == 2
    assert "lora.rank" in refused.stderr
    jianghu("sft", "--name", "thin", "--resume", "--max-iters", 20, cwd=root)
    last = root / "runs" / "thin" / "checkpoints" / "last"
    about = json.loads((last / "adapter" / "adapter_config.json").read_text())
    assert (about["r"], about["target_modules"]) == (2, ["down_proj", "q_proj"])
    assert about["base_model_name_or_path"].startswith("runs/base/checkpoints/")
    base = load_checkpoint(root / about["base_model_name_or_path"]).model.state_dict()
    changed = {
        name.split(".")[-2] for name, weight in load_checkpoint(last).model.state_dict().items()
        if not torch.equal(weight, base[name])
    }  # fmt: skip
    assert changed == {"q_proj", "down_proj"}
    assert jianghu("ask", "thin", "沈青峰是谁？", "--closed-book", cwd=root).stdout
    jianghu("export", "thin", "--to", "gguf", "--out", tmp_path / "out", cwd=root)
    assert next((tmp_path / "out").glob("*.gguf")).stat().st_size > 10_000


def test_an_adapter_of_nothing_is_refused(shelf):
    refused = jianghu("pretrain", "--name", "x", "--lora.rank", 2, cwd=shelf, check=False)
    assert refused.returncode == 2
    assert "[pretrain.lora] an adapter needs a checkpoint" in refused.stderr


CONFIG = ModelConfig(2000, 128, 4, 4, 2, 128, 384)
PLAIN = TrainSettings(batch_size=8, block_size=128, dtype="float32", compile="off", optimizer="adamw")
THIN = PLAIN.model_copy(update={"lora": LoraSettings(rank=4), "ema_decay": 0.9})


def test_memory_and_work_are_those_of_what_trains():
    whole, thin = (count_memory(CONFIG, settings, torch.float32, True) for settings in (PLAIN, THIN))
    trained = 4 * 4 * (4 * 128 + 128 + 64 + 128 + 64 + 3 * (128 + 384))  # rank · layers · sides of each target
    assert (thin.gradients, thin.optimizer, thin.ema) == (4 * trained, 8 * trained, 4 * trained)
    assert thin.weights == whole.weights + 4 * trained
    assert 0.6 < flops_per_token(CONFIG, THIN) / flops_per_token(CONFIG, PLAIN) < 0.8


def test_gradient_checkpointing_keeps_less():
    kept = measure_memory(CONFIG, PLAIN, CPU).per_token
    again = measure_memory(CONFIG, PLAIN.model_copy(update={"gradient_checkpointing": True}), CPU).per_token
    deep = measure_memory(
        ModelConfig(2000, 128, 40, 4, 2, 128, 384), PLAIN.model_copy(update={"gradient_checkpointing": True}), CPU
    ).per_token
    assert again < kept
    assert 4 * 128 * 36 <= deep - again < 2 * 4 * 128 * 36  # of each block what goes in
