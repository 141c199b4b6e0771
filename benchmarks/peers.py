"""The programs that we measure ourselves against, each as a step function over the same batches.

nanoGPT is not part of this repository: give a checkout of https://github.com/karpathy/nanoGPT with `--nanogpt DIR`.
Its model, optimizer and defaults are its own; the loop around them does what its train.py does.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jianghu.dataset import Batch
from jianghu.model import ModelConfig, Transformer
from jianghu.recipe import ModelSettings, TrainSettings
from jianghu.training.state import TrainState
from jianghu.training.step import TrainStep
from jianghu.training.world import World

Step = Callable[[Tensor, Tensor], Any]


def equal_config(size: str, vocab_size: int, block_size: int) -> ModelConfig:
    """Our model of a named size with as many parameters as nanoGPT's of the same depth and width: its blocks hold
    12 · width² each, so ours get 8/3 of the width inside SwiGLU, to the next multiple of 8."""
    named = ModelSettings.model_validate({"size": size})
    width = ModelConfig.from_settings(named, vocab_size, block_size).n_embd
    equal = named.model_copy(update={"n_inner": round(width / 3) * 8})
    return ModelConfig.from_settings(equal, vocab_size, block_size)


class NanoGPT:
    """nanoGPT's model and optimizer from a checkout, with train.py's steps.

    Args:
        folder: the checkout.
        compiled: its own `compile` setting.
        dropout, learning_rate, betas, weight_decay: its train.py's defaults but for the learning rate.
    """

    def __init__(
        self,
        folder: Path,
        config: ModelConfig,
        device: torch.device,
        compiled: bool,
        learning_rate: float = 1e-3,
        dropout: float = 0.0,
        beta2: float = 0.95,
    ) -> None:
        spec = importlib.util.spec_from_file_location("nanogpt_model", folder / "model.py")
        if spec is None or spec.loader is None or not (folder / "model.py").exists():
            sys.exit(f"{folder}: no nanoGPT there (model.py is missing). Give a checkout with --nanogpt DIR.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        torch.manual_seed(1337)
        shape = module.GPTConfig(
            block_size=config.block_size, vocab_size=config.vocab_size, n_layer=config.n_layer,
            n_head=config.n_head, n_embd=config.n_embd, dropout=dropout, bias=False,
        )  # fmt: skip
        with contextlib.redirect_stdout(io.StringIO()):
            self.model = module.GPT(shape).to(device)
            self.optimizer = self.model.configure_optimizers(0.1, learning_rate, (0.9, beta2), device.type)
        self.parameters = sum(weight.numel() for weight in self.model.parameters())
        self.device, self.peak = device, learning_rate
        self._forward = torch.compile(self.model) if compiled else self.model

    def rate(self, step: int, steps: int, warmup: int = 100) -> float:
        """Its cosine from the peak to a tenth of it."""
        if step < warmup:
            return self.peak * (step + 1) / (warmup + 1)
        done = min(1.0, (step - warmup) / max(1, steps - warmup))
        return self.peak / 10 + 0.9 * self.peak * 0.5 * (1 + math.cos(math.pi * done))

    def step(self, ids: Tensor, targets: Tensor, rate: float | None = None) -> float:
        """One iteration as train.py does it: autocast on CUDA only, clipping at 1, the loss read each time."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.peak if rate is None else rate
        on_gpu = self.device.type == "cuda"
        context = torch.autocast("cuda", torch.bfloat16) if on_gpu else contextlib.nullcontext()
        with context:
            _, loss = self._forward(ids, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return float(loss.item())

    def hidden_scores(self, ids: Tensor) -> Tensor:
        """Scores of every next token, (B, T, V)."""
        scores: Tensor = self.model(ids, ids)[0]
        return scores


class FixedSource:
    """Gives a `Stepper` whatever batch was put in."""

    batches_per_epoch = characters_per_target = 1.0

    def __init__(self) -> None:
        self.now: Batch | None = None

    def batch(self, number: int, rows: slice = slice(None)) -> Batch:
        """The batch that was put in."""
        assert self.now is not None
        return self.now

    def validation(self, most_rows: int) -> list[Batch]:
        """None."""
        return []


class Ours:
    """Our model under our trainer's own step."""

    def __init__(self, config: ModelConfig, settings: TrainSettings, device: torch.device) -> None:
        self.model = Transformer(config, settings.dropout).to(device)
        self.model.init_weights(settings.seed)
        self.source = FixedSource()
        self.stepper = TrainStep(settings, self.model, self.source, World(), TrainState())
        self.parameters = config.parameters
        self.steps = 0

    def step(self, ids: Tensor, targets: Tensor) -> Tensor:
        """One optimizer step; on a GPU nothing waits for it."""
        self.source.now = Batch(ids, targets, targets.numel())
        loss = self.stepper.take(self.steps)
        self.steps += 1
        return loss

    def hidden_scores(self, ids: Tensor) -> Tensor:
        """Scores of every next token, (B, T, V)."""
        return self.model.logits(self.model(ids))


@torch.inference_mode()
def bits_per_character(program: NanoGPT | Ours, model: torch.nn.Module, batches: list[Batch]) -> float:
    """The held-out loss of either program on the same windows, in float32."""
    model.eval()
    nats = characters = 0.0
    for batch in batches:
        scores = program.hidden_scores(batch.ids).float()
        targets = batch.targets.flatten()
        nats += F.cross_entropy(scores.flatten(0, 1), targets, ignore_index=-100, reduction="sum").item()
        characters += batch.characters
    model.train()
    return nats / math.log(2) / characters


def in_turn(
    programs: Mapping[str, Step], ids: Tensor, targets: Tensor, rounds: int, steps: int
) -> dict[str, list[float]]:
    """Tokens per second of each program in each round, the programs taking turns; one round more warms up."""
    rates: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, step in programs.items():
            wait(ids.device)
            began = time.perf_counter()
            for _ in range(steps):
                step(ids, targets)
            wait(ids.device)
            if turn:
                rates[name].append(steps * ids.numel() / (time.perf_counter() - began))
    return rates


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def print_rates(rates: Mapping[str, list[float]], base: str) -> None:
    """A table of medians, ranges and ratios to the best of the programs whose name begins with `base`."""
    best = max(statistics.median(found) for name, found in rates.items() if name.startswith(base))
    print(f"{'':34}{'tokens/s':>10}{'least':>10}{'most':>10}{'ratio':>8}")
    for name, found in rates.items():
        median = statistics.median(found)
        print(f"{name:34}{median:10,.0f}{min(found):10,.0f}{max(found):10,.0f}{median / best:8.2f}")
    print(f"ratio: to the faster setting of {base}")
