"""An adapter beside transformers and PEFT, on a Qwen3 model of another shape: the same losses, the same files."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch

from benchmarks.llama import Llama
from jianghu.dataset import Batch
from jianghu.export import write_gguf
from jianghu.generation import Sampling, generate
from jianghu.model import adapted_layers, load_checkpoint, save_adapter, save_checkpoint
from jianghu.recipe import LoraSettings, SftSettings
from jianghu.training import World, learning_rate
from jianghu.training.state import TrainState
from jianghu.training.step import TrainStep

from ..strangers import write_stranger

peft = pytest.importorskip("peft")

LORA = LoraSettings(rank=4, alpha=12.0, targets=["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"])
SETTINGS = SftSettings(
    max_iters=20, batch_size=2, block_size=24, optimizer="adamw", learning_rate=5e-3, warmup_iters=3,
    dtype="float32", compile="off", lora=LORA, gradient_checkpointing=True,
)  # fmt: skip


def test_twenty_steps_beside_peft_and_the_adapter_and_the_merged_model_are_read_by_others(tmp_path):
    from transformers import AutoModelForCausalLM

    base = write_stranger(tmp_path / "base")
    checkpoint = load_checkpoint(base)
    model = checkpoint.model.train()
    rows = torch.randint(0, model.n_tokens, (20, 2, 25), generator=torch.Generator().manual_seed(1))

    def batch(number, part=slice(None)):
        return Batch(rows[number, part, :-1], rows[number, part, 1:], rows[number, :, 1:].numel())

    source = SimpleNamespace(batch=batch, batches_per_epoch=20.0, characters_per_target=1.0)
    stepper = TrainStep(SETTINGS, model, source, World(), TrainState())
    theirs = peft.get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
        peft.LoraConfig(r=4, lora_alpha=12, target_modules=list(LORA.targets), lora_dropout=0.0, task_type="CAUSAL_LM"),
    ).train()
    learned = {name: weight for name, weight in theirs.named_parameters() if weight.requires_grad}
    for name, layer in adapted_layers(model).items():  # begin with the same matrices; B is zero in both
        learned[f"base_model.model.{name}.lora_A.default.weight"].data.copy_(layer.lora_A.detach())
    assert len(learned) == len(stepper.trained)
    adam = torch.optim.AdamW(learned.values(), lr=1.0, betas=(0.9, 0.99), weight_decay=0.1)
    losses = []
    for step in range(20):
        adam.param_groups[0]["lr"] = learning_rate(step, stepper.settings)
        loss = theirs(input_ids=rows[step], labels=rows[step]).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned.values(), 1.0)
        adam.step()
        adam.zero_grad()
        losses.append(loss.item())
        assert float(stepper.take(step)) == pytest.approx(loss.item(), rel=2e-5), step

    ids = rows[0, :, :24]
    with torch.inference_mode():
        before = model.logits(model(ids))
    with stepper.whole() as merged:
        beside = partial(save_adapter, model=merged, settings=LORA, base=str(base))
        save_checkpoint(tmp_path / "merged", merged, checkpoint.tokenizer, {}, beside)
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    read = {
        "the adapter in PEFT": peft.PeftModel.from_pretrained(plain, tmp_path / "merged" / "adapter").eval(),
        "the merged model": AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype=torch.float32).eval(),
    }
    for name, other in read.items():
        with torch.inference_mode():
            assert torch.allclose(other(ids).logits, before, atol=1e-4), name
    ours = load_checkpoint(tmp_path / "merged")
    with torch.inference_mode():
        unadapted = load_checkpoint(base).model
        assert not torch.allclose(unadapted.logits(unadapted(ids)), before, atol=1e-2)  # the adapter does something
    write_gguf(ours, tmp_path / "f32.gguf", "f32")
    llama = Llama(tmp_path / "f32.gguf", context=128)
    for text in ("沈青峰道", "次日清晨，柳如烟"):
        prompt = ours.tokenizer.encode(text)
        (written,) = generate(ours.model, [prompt], Sampling(40), ours.tokenizer.stop_ids)
        assert llama.greedy(prompt, 40)[: len(written.ids)] == written.ids
