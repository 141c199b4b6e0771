"""The optimizers of a run, driven by one learning rate, their state under the parameters' names."""

from __future__ import annotations

import torch
from torch import Tensor

from ..model import Transformer
from ..recipe import TrainSettings
from .muon import Muon

MUON_TOKENS = 20
"""`auto` takes Muon when a step has at least this many tokens per unit of width: with fewer, the gradient of a
matrix is so noisy that an orthogonal update is mostly noise."""


class Optimizers:
    """AdamW, and Muon beside it if so configured; steps, rates and state for all of them."""

    def __init__(self, model: Transformer, parts: list[torch.optim.Optimizer]) -> None:
        self.model, self.parts = model, parts

    def set_rates(self, learning_rate: float, weight_decay: float) -> None:
        """What the next step takes; norms stay without decay."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
                group["weight_decay"] = weight_decay if group["decayed"] else 0.0

    def compute_in(self, dtype: torch.dtype) -> None:
        """Have Muon multiply its matrices in `dtype`."""
        for part in self.parts:
            if isinstance(part, Muon):
                part.dtype = dtype

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none)

    def tensors(self) -> dict[str, Tensor]:
        """The state as `KEY.PARAMETER` → tensor."""
        names: dict[Tensor, str] = {weight: name for name, weight in self.model.named_parameters()}
        return {
            f"{key}.{names[weight]}": value
            for part in self.parts
            for weight, state in part.state.items()
            for key, value in state.items()
            if isinstance(value, Tensor)
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        weights = dict(self.model.named_parameters())
        owner = {w: part for part in self.parts for group in part.param_groups for w in group["params"]}
        for name, value in tensors.items():
            key, _, parameter = name.partition(".")
            weight = weights[parameter]
            owner[weight].state[weight][key] = value.clone().to(weight.device)


def make_optimizers(model: Transformer, settings: TrainSettings) -> Optimizers:
    """AdamW (Loshchilov & Hutter 2019), fused; or Muon for the matrices inside the blocks and AdamW for the rest.

    Norms, which are vectors, are never decayed.
    """
    blocks = [w for name, w in model.named_parameters() if w.ndim >= 2 and ".layers." in name]
    rest = [w for name, w in model.named_parameters() if w.ndim >= 2 and ".layers." not in name]
    vectors = [w for w in model.parameters() if w.ndim < 2]
    muon = takes_muon(settings, model.config.n_embd)
    groups = [
        {"params": rest if muon else blocks + rest, "weight_decay": settings.weight_decay, "decayed": True},
        {"params": vectors, "weight_decay": 0.0, "decayed": False},
    ]
    rate, fused = settings.learning_rate, rest[0].device.type in ("cpu", "cuda")
    parts: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, lr=rate, betas=(settings.beta1, settings.beta2), fused=fused)
    ]
    if muon:
        decayed = {"params": blocks, "weight_decay": settings.weight_decay, "decayed": True}
        parts.append(Muon([decayed], lr=rate))
    return Optimizers(model, parts)


def takes_muon(settings: TrainSettings, width: int) -> bool:
    """Whether a run takes Muon: as set, or for `auto` by the tokens of a step."""
    tokens = settings.batch_size * settings.gradient_accumulation_steps * settings.block_size
    return settings.optimizer == "muon" or (settings.optimizer == "auto" and tokens >= MUON_TOKENS * width)
