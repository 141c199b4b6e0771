"""The optimizer: AdamW with weight decay on matrices only, its state under the parameters' names."""

from __future__ import annotations

import torch
from torch import Tensor

from ..model import Transformer
from ..recipe import TrainSettings


def make_optimizer(model: Transformer, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), fused. Norms, which are vectors, are not decayed."""
    matrices = [weight for weight in model.parameters() if weight.ndim >= 2]
    vectors = [weight for weight in model.parameters() if weight.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    fused = matrices[0].device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(settings.beta1, settings.beta2), fused=fused)


def optimizer_tensors(model: Transformer, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state as `KEY.PARAMETER` → tensor."""
    names = {weight: name for name, weight in model.named_parameters()}
    return {
        f"{key}.{names[weight]}": value
        for weight, state in optimizer.state.items()
        for key, value in state.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(model: Transformer, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave."""
    weights = dict(model.named_parameters())
    for name, value in tensors.items():
        key, _, parameter = name.partition(".")
        weight = weights[parameter]
        # AdamW keeps its step count beside the weights when fused, and in float32 always.
        optimizer.state[weight][key] = value.clone().to(weight.device)
