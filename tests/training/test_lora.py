"""Training an adapter: exact resume, what is saved, beside transformers and PEFT, and what it costs."""

import pytest
import torch
from safetensors.torch import load_file

from jianghu.errors import InputError
from jianghu.recipe import LoraSettings
from jianghu.training import RunFolder

from .test_trainer import BASE, CrashError, config, crash_at, outcome, trainer

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
    other = trainer.__globals__["Transformer"](config(), 0.1)
    other.init_weights(99)
    with pytest.raises(InputError, match="another base model"):
        type(run)(
            RunFolder(tmp_path), ADAPTED, other, run.tokenizer, run.stepper.source, [], {}, "jianghu --resume",
            resume=True,
        )  # fmt: skip


def test_muon_is_refused_for_an_adapter_and_auto_takes_adamw(tmp_path):
    with pytest.raises(InputError, match="muon does not suit an adapter"):
        trainer(tmp_path, ADAPTED.model_copy(update={"optimizer": "muon"}))
    many = ADAPTED.model_copy(update={"optimizer": "auto", "batch_size": 100, "learning_rate": "auto"})
    assert trainer(tmp_path, many).settings.optimizer == "adamw"
