"""What must hold on a GPU; skipped where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from jianghu.dataset import Batch
from jianghu.generation import Engine, Sampling
from jianghu.machine import pick_device
from jianghu.model import KVCache, ModelConfig, Transformer
from jianghu.recipe import TrainSettings
from jianghu.training import World
from jianghu.training.estimate import measure_memory, measure_times
from jianghu.training.state import TrainState
from jianghu.training.step import TrainStep

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

CONFIG = ModelConfig(512, 64, 2, 4, 2, 128, 256)


class Packed:
    """Rows of three segments each, with targets that carry no loss among them; a function of the number."""

    batches_per_epoch = characters_per_target = 1.0

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def batch(self, number: int, rows: slice = slice(None)) -> Batch:
        dice = torch.Generator().manual_seed(number % 4)
        ids = torch.randint(0, 512, (8, 65), generator=dice)
        segments = torch.arange(64).expand(8, 64) // 24
        targets = ids[:, 1:].clone()
        targets[:, ::5] = -100
        count = int((targets != -100).sum())
        positions = torch.arange(64).expand(8, 64) % 24
        parts = (ids[:, :-1], targets, segments, positions)
        ids, targets, segments, positions = (part.contiguous().to(self.device) for part in parts)
        return Batch(ids, targets, count, segments, positions)

    def validation(self, most_rows: int) -> list[Batch]:
        return []


def model_on(device: torch.device) -> Transformer:
    model = Transformer(CONFIG)
    model.init_weights(3)
    return model.to(device)


def losses(steps: int = 12, **settings: object) -> list[float]:
    device = pick_device("cuda")
    base = {"batch_size": 8, "block_size": 64, "max_iters": 100, "warmup_iters": 2, "learning_rate": 5e-3}
    recipe = TrainSettings.model_validate({**base, **settings})
    stepper = TrainStep(recipe, model_on(device), Packed(device), World(), TrainState())
    return [float(stepper.take(step)) for step in range(steps)]


def test_a_device_has_a_number() -> None:
    assert pick_device("auto") == torch.device("cuda", torch.cuda.current_device())


def test_a_seed_means_the_same_weights_on_every_device() -> None:
    direct = Transformer(CONFIG).to("cuda")
    direct.init_weights(3)
    moved = model_on(torch.device("cuda"))
    for one, other in zip(direct.parameters(), moved.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_the_compiled_step_learns_as_the_plain_one(optimizer: str) -> None:
    plain = losses(optimizer=optimizer, compile="off", dtype="float32")
    compiled = losses(optimizer=optimizer, compile="on", dtype="float32")
    half = losses(optimizer=optimizer, compile="on", dtype="bfloat16")
    assert plain[-1] < plain[0] - 0.5
    assert compiled == pytest.approx(plain, abs=2e-2)
    assert half == pytest.approx(plain, abs=0.15)


def test_gradients_are_summed_over_micro_batches_in_a_replayed_graph() -> None:
    plain = losses(steps=6, gradient_accumulation_steps=4, compile="off", dtype="float32")
    compiled = losses(steps=6, gradient_accumulation_steps=4, compile="on", dtype="float32")
    assert compiled == pytest.approx(plain, abs=2e-2)


def test_the_gpu_computes_what_the_cpu_does() -> None:
    batch = Packed(torch.device("cpu")).batch(0)
    on_cpu = float(model_on(torch.device("cpu")).loss(batch.ids, batch.targets, batch.segments, batch.positions))
    there = Packed(torch.device("cuda")).batch(0)
    model = model_on(torch.device("cuda"))
    assert float(model.loss(there.ids, there.targets, there.segments, there.positions)) == pytest.approx(on_cpu, 1e-4)


def test_rows_write_the_same_greedy_text_as_alone_on_the_cpu() -> None:
    prompts = [[5, 9, 40], [7], [100, 3, 3, 3, 8]]
    texts = {}
    for name in ("cpu", "cuda"):
        model = model_on(torch.device(name)).eval()
        with torch.no_grad():  # sharp scores, so that rounding decides nothing
            model.model.embed_tokens.weight.mul_(20)
        engine = Engine(model, 3)
        rows = [engine.add(prompt, Sampling(max_new_tokens=24, temperature=0), ()) for prompt in prompts]
        sampled = engine.add([1, 2], Sampling(max_new_tokens=24, temperature=0.7, top_k=20, top_p=0.9, seed=4), ())
        while engine.busy:
            engine.step()
        texts[name] = [row.written for row in [*rows, sampled]]
    assert texts["cuda"][:3] == texts["cpu"][:3]
    assert len(texts["cuda"][3]) == 24


def test_a_plan_is_made_for_a_gpu(tmp_path: Path) -> None:
    settings = TrainSettings(batch_size=8, block_size=64, max_iters=100)
    device = pick_device("cuda")
    assert measure_memory(CONFIG, settings, device).per_token > 0
    times = measure_times(CONFIG, settings, device, tmp_path, 64)
    assert 0 < times.step < 1


def test_a_run_goes_on_from_its_state() -> None:
    device = pick_device("cuda")
    recipe = TrainSettings(
        batch_size=8, block_size=64, max_iters=100, warmup_iters=2, learning_rate=5e-3, optimizer="muon", ema_decay=0.9
    )
    whole = TrainStep(recipe, model_on(device), Packed(device), World(), TrainState())
    for step in range(6):
        whole.take(step)
    kept = {name: tensor.detach().cpu().clone() for name, tensor in whole.tensors().items()}
    resumed = TrainStep(recipe, model_on(device), Packed(device), World(), TrainState())
    resumed.restore(kept)
    expected = [float(whole.take(step)) for step in range(6, 12)]
    assert [float(resumed.take(step)) for step in range(6, 12)] == pytest.approx(expected, abs=5e-3)


def test_a_cache_on_the_gpu_holds_what_was_read() -> None:
    model = model_on(torch.device("cuda")).eval()
    ids = torch.from_numpy(np.arange(20) % 500)[None].cuda()
    with torch.inference_mode():
        cache = KVCache(CONFIG, 1, 32, torch.device("cuda"), torch.float32)
        model(ids[:, :12], cache=cache)
        cache.advance(12)
        torch.testing.assert_close(model(ids[:, 12:], cache=cache), model(ids)[:, 12:], atol=2e-4, rtol=2e-3)
