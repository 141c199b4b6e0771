"""LoRA: low-rank adapters beside frozen linear layers (Hu et al. 2021, arXiv:2106.09685).

A model and `LoraSettings` go in; its linear layers have adapters then, and these alone train. For use an adapter is
merged into the weights; apart from them it is written as PEFT reads it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from .. import files
from ..recipe import LoraSettings
from .config import ModelConfig
from .transformer import Transformer


class LoraLinear(nn.Linear):
    """x · Wᵀ + alpha / rank · dropout(x) · Aᵀ · Bᵀ, of which W is frozen.

    `lora_A` (rank, inputs) is drawn as `nn.Linear` draws, `lora_B` (outputs, rank) is zero at first, so that an adapted
    model begins as the model it adapts. Both are float32.
    """

    def __init__(self, layer: nn.Linear, settings: LoraSettings, generator: torch.Generator) -> None:
        nn.Module.__init__(self)  # the layer's own weight is taken, in its place in memory, instead of a new one
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.weight, self.bias = layer.weight, layer.bias
        bound = 1 / math.sqrt(layer.in_features)
        drawn = torch.empty(settings.rank, layer.in_features).uniform_(-bound, bound, generator=generator)
        device = layer.weight.device
        self.lora_A = nn.Parameter(drawn.to(device))
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, settings.rank, device=device))
        self.scaling = settings.alpha / settings.rank
        self.drop = nn.Dropout(settings.dropout)
        self.merged = False

    def forward(self, input: Tensor) -> Tensor:
        plain = F.linear(input, self.weight)
        if self.merged:
            return plain
        thin = F.linear(self.drop(input), self.lora_A)  # (…, rank)
        # One product added to the other, so that no third tensor as wide as the output is made.
        rows = torch.addmm(plain.flatten(0, -2), thin.flatten(0, -2), self.lora_B.t(), alpha=self.scaling)
        return rows.view_as(plain)

    def merge(self) -> Tensor:
        """Add the adapter to the weight. Returns the weight as it was."""
        before = self.weight.detach().clone()
        self.weight.data += self.scaling * (self.lora_B.detach() @ self.lora_A.detach())
        self.merged = True
        return before

    def unmerge(self, before: Tensor) -> None:
        """Put back what `merge` returned, to the bit."""
        self.weight.data.copy_(before)
        self.merged = False

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """The weight alone: the names of a `state_dict` are those of a plain model, whose weights `merged` gives."""
        destination[prefix + "weight"] = self.weight if keep_vars else self.weight.detach()


def add_adapter(model: Transformer, settings: LoraSettings, seed: int) -> None:
    """Freeze a model's weights and put an adapter beside each of its target layers. A model that has one keeps it.

    Args:
        seed: decides the matrices A, on every device alike.
    """
    if adapted_layers(model):
        return
    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.requires_grad_(False)
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear) and name in settings.targets:
                setattr(parent, name, LoraLinear(layer, settings, generator))


def adapted_layers(model: Transformer) -> dict[str, LoraLinear]:
    """The layers that have an adapter, by name; none in a plain model."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, LoraLinear)}


@contextmanager
def merged(model: Transformer) -> Iterator[None]:
    """While open, the adapter is part of the weights, so that the model is a plain one for whoever reads them.
    Afterwards they are as before, to the bit. Nothing happens to a model without an adapter."""
    layers = list(adapted_layers(model).values())
    before = [layer.merge() for layer in layers]
    try:
        yield
    finally:
        for layer, weight in zip(layers, before, strict=True):
            layer.unmerge(weight)


def adapter_parameters(config: ModelConfig, settings: LoraSettings) -> int:
    """How many parameters an adapter has."""
    width, heads, kv = config.n_embd, config.n_head * config.head_dim, config.n_kv_head * config.head_dim
    sides = {
        "q_proj": width + heads, "k_proj": width + kv, "v_proj": width + kv, "o_proj": heads + width,
        "gate_proj": width + config.n_inner, "up_proj": width + config.n_inner, "down_proj": config.n_inner + width,
    }  # fmt: skip
    return settings.rank * config.n_layer * sum(sides[target] for target in set(settings.targets))


def save_adapter(folder: Path, model: Transformer, settings: LoraSettings, base: str) -> None:
    """Write a model's adapter as PEFT does: adapter_config.json and adapter_model.safetensors, float32.

    Args:
        folder: made here; not yet there.
        base: where the model that the adapter belongs to is found.
    """
    folder.mkdir()
    weights = {
        f"base_model.model.{name}.{part}.weight": getattr(layer, part).detach().cpu().contiguous()
        for name, layer in adapted_layers(model).items()
        for part in ("lora_A", "lora_B")
    }
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "target_modules": sorted(set(settings.targets)),
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
    }
    files.write_json(folder / "adapter_config.json", config)
