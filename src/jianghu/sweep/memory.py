"""How much memory a trial needs, and how much there is, so that several can be trained at once."""

from __future__ import annotations

import os

import torch

from ..model import ModelConfig
from ..recipe import Recipe, TrainSettings

_STATE = 16
"""Bytes per parameter: weight, gradient and AdamW's two moments in float32."""
_ACTIVATIONS = 26
"""Numbers kept for the backward pass per token, layer and unit of width: the inputs of norms, projections, rotation
and attention (about 15), and SwiGLU's four at 8/3 of the width. Measured against peak memory in tests/sweep."""
_PROCESS = {"cpu": 400e6, "cuda": 800e6}
"""Python with PyTorch, and CUDA's own context."""


def trial_bytes(recipe: Recipe, stages: list[str], vocab_size: int, device: torch.device) -> int:
    """Estimated peak of a trial's training, in bytes on its device."""
    half = device.type == "cuda"
    runs: list[TrainSettings] = [getattr(recipe, stage) for stage in stages if stage in ("pretrain", "sft")]
    peak = 0.0
    for run in runs:
        config = ModelConfig.from_settings(recipe.model, vocab_size, run.block_size)
        tokens = run.batch_size * run.block_size
        kept = tokens * config.n_embd * _ACTIVATIONS * config.n_layer * (2 if half else 4)
        scores = tokens * vocab_size * 8 if half else 0  # a CPU never holds them all, see model/loss.py
        peak = max(peak, config.parameters * _STATE + kept + scores)
    return int(peak + _PROCESS.get(device.type, _PROCESS["cpu"]))


def memory_limit(device: torch.device) -> int:
    """Bytes that trials may take together: 90 % of the GPU's memory, or 80 % of the machine's."""
    if device.type == "cuda":
        return int(0.9 * torch.cuda.get_device_properties(device).total_memory)
    try:
        return int(0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows does not tell
        return int(8e9)
