"""What a run costs by count, without taking a step: floating-point operations, bytes, and how many devices hold it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ..model import ModelConfig, adapter_parameters
from ..recipe import TrainSettings
from .rates import takes_muon

HEADROOM = 0.9
"""Share of the free memory that a run may fill."""

MOST_DEVICES = 4096
"""Beyond which nobody is told to take more."""


def flops_per_token(config: ModelConfig, settings: TrainSettings) -> float:
    """Floating-point operations of a training step per token. Frozen weights have no gradients, which are a third of
    the products; what gradient checkpointing computes again is not counted, as in model FLOPs utilisation."""
    flops = config.flops_per_token(settings.block_size)
    if not settings.lora.rank:
        return flops
    attention = 6 * config.n_layer * config.n_head * config.head_dim * settings.block_size
    return attention + (flops - attention) * 2 / 3 + 6 * adapter_parameters(config, settings.lora)


@dataclass(frozen=True)
class Memory:
    """Bytes that training needs on one device: `fixed` whatever the batch, and `per_token` of one micro-batch."""

    weights: int
    gradients: int
    optimizer: int
    ema: int
    head: int
    per_token: float

    @property
    def kept(self) -> int:
        """Weights and what belongs to each of them: what several processes can share."""
        return self.weights + self.gradients + self.optimizer + self.ema

    @property
    def fixed(self) -> int:
        """What does not grow with the batch."""
        return self.kept + self.head

    def total(self, tokens: int) -> int:
        """Bytes for micro-batches of this many tokens."""
        return self.fixed + round(self.per_token * tokens)

    def most_tokens(self, available: int) -> int:
        """Tokens of the largest micro-batch that fits."""
        return max(0, int((available - self.fixed) / self.per_token))

    def shared(self, config: ModelConfig, processes: int) -> Memory:
        """On each of several devices that hold a part each; a block and the embedding are whole while they compute."""
        weights, gradients, optimizer, ema = (
            -(-part // processes) for part in (self.weights, self.gradients, self.optimizer, self.ema)
        )
        head = config.vocabulary_parameters
        block = (config.parameters - head) // config.n_layer
        # The next block is gathered while one computes; gradients are whole before they are summed into the parts.
        return replace(
            self, weights=weights + 4 * (head + 2 * block), gradients=gradients + 4 * (head + block),
            optimizer=optimizer, ema=ema,
        )  # fmt: skip


def count_memory(
    config: ModelConfig, settings: TrainSettings, dtype: torch.dtype, on_cpu: bool, per_token: float = 0.0
) -> Memory:
    """Bytes of weights, gradients and moments, of what trains.

    Args:
        dtype: of the products. per_token: bytes of activations, if they are known.
    """
    size = config.parameters
    low = torch.finfo(dtype).bits // 8
    adapter = adapter_parameters(config, settings.lora) if settings.lora.rank else 0
    trained = adapter or size
    one_moment = size - config.vocabulary_parameters if takes_muon(settings, config.n_embd) else 0
    scores = config.vocab_size * (4 + 4 + low)  # of a token: in float32, their softmax, and the products' type
    # A copy of the weights in the products' type lies beside them.
    return Memory(
        weights=(size + adapter) * (4 + (low if low < 4 else 0)),
        gradients=trained * 4,
        optimizer=(2 * trained - one_moment) * 4,
        ema=trained * 4 if settings.ema_decay else 0,
        # On a CPU model/loss.py holds 256 rows of scores at a time; a frozen head has no gradient.
        head=(256 * scores if on_cpu else 0) + (0 if adapter else config.vocab_size * config.n_embd * 4),
        per_token=per_token + (0 if on_cpu else scores),
    )


def devices_needed(memory: Memory, config: ModelConfig, available: int, tokens: int) -> int | None:
    """How many devices of `available` bytes hold a run together; None if no number does, since for validation and
    checkpoints every process holds the weights whole.

    Args:
        tokens: of the smallest micro-batch.
    """
    room = round(available * HEADROOM)
    for count in range(2, MOST_DEVICES + 1):
        part = memory.shared(config, count)
        whole = 4 * config.parameters + (memory.weights + memory.optimizer + memory.ema) // count
        if part.total(tokens) <= room and whole <= room:
            return count
    return None


def available_memory(device: torch.device) -> int:
    """Bytes that a run can have on this device now."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**33
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        least = min(least, 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))))
    with suppress(OSError, ValueError):  # "max" where a container has no limit
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
        least = min(least, limit - used)
    return least
