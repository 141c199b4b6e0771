"""The optimizers of a run and what drives them: learning rate and weight decay as functions of the step; AdamW, and
Muon for the matrices inside the blocks; their state under the parameters' names.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from ..model import Transformer
from ..recipe import TrainSettings
from .rates import resolve, takes_muon
from .sharding import as_part, gather_like, is_part, local, locals_of


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Learning rate of step `step` (the first is 0): linear warm-up, then down to min_lr by the schedule. The settings
    are resolved (`rates.resolve`).

    cosine (Loshchilov & Hutter 2017; min_lr = learning_rate / 10 as in nanoGPT and Chinchilla), or warmup-stable-decay
    (MiniCPM, Hu et al. 2024): constant, then a line over the last `decay_share` of the steps. The first step
    already moves the weights, and the last one is at min_lr.
    """
    high, last = settings.peak_rate, settings.max_iters - 1
    low = high / 10 if settings.min_lr is None else settings.min_lr
    if step < settings.warmup_iters:
        return high * (step + 1) / settings.warmup_iters
    start = settings.warmup_iters
    if settings.schedule == "wsd":
        start = max(start, round(settings.max_iters * (1 - settings.decay_share)))
    done = min(1.0, max(0.0, (step - start) / max(1, last - start)))
    if settings.schedule == "wsd":
        return high + (low - high) * done
    return low + (high - low) * 0.5 * (1 + math.cos(math.pi * done))


def weight_decay(step: int, settings: TrainSettings) -> float:
    """Weight decay of step `step`, before it is multiplied by the learning rate: constant, or in a line to 0 (nanochat,
    Karpathy 2025)."""
    if settings.weight_decay_schedule == "constant":
        return settings.weight_decay
    return settings.weight_decay * (1 - step / max(1, settings.max_iters - 1))


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
            owner[weight].state[weight][key] = as_part(value, weight.detach())


def make_optimizers(
    model: Transformer, settings: TrainSettings, dtype: torch.dtype = torch.float32, compiled: bool = False
) -> Optimizers:
    """AdamW (Loshchilov & Hutter 2019), fused; or Muon for the matrices inside the blocks and AdamW for the rest. An
    adapter has AdamW alone: what Muon would make orthogonal is a factor of the update, not the update.

    Norms, which are vectors, are never decayed.

    Args:
        settings: `auto` is resolved by the model's width.
        dtype: of Muon's matrix products. compiled: whether the run's step is.
    """
    settings = resolve(settings, model.config.n_embd)
    trained = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    blocks = [w for name, w in trained if w.ndim >= 2 and ".layers." in name]
    rest = [w for name, w in trained if w.ndim >= 2 and ".layers." not in name]
    vectors = [w for _, w in trained if w.ndim < 2]
    muon = takes_muon(settings, model.config.n_embd)
    groups = [
        {"params": rest if muon else blocks + rest, "weight_decay": settings.weight_decay, "decayed": True},
        {"params": vectors, "weight_decay": 0.0, "decayed": False},
    ]
    rate, fused = settings.peak_rate, blocks[0].device.type in ("cpu", "cuda")
    parts: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, lr=rate, betas=(settings.beta1, settings.beta2), fused=fused)
    ]
    if muon:
        decayed = {"params": blocks, "weight_decay": settings.weight_decay, "decayed": True}
        parts.append(Muon([decayed], lr=rate, dtype=dtype, compiled=compiled))
    return Optimizers(model, parts)


NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration (Jordan et al. 2024): steep at zero, so that five steps are enough."""


def orthogonalise(stack: Tensor, dtype: torch.dtype = torch.float32, steps: int = 5) -> Tensor:
    """Bring every singular value of each matrix near 1. Takes and gives (matrices, rows, columns).

    Args:
        dtype: of the products; bfloat16 is exact enough for this iteration.
    """
    a, b, c = NEWTON_SCHULZ
    if dtype == torch.float16:  # in which small gradients are zero, and the squares of large ones infinite
        stack = stack / stack.norm(dim=(1, 2), keepdim=True).clamp(min=1e-30)
    x = stack.to(dtype)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT.contiguous()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(stack.dtype)


@cache
def _compiled() -> Callable[[Tensor, torch.dtype], Tensor]:
    return torch.compile(orthogonalise, dynamic=False)


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay.

    An update is scaled by 0.2 · √max(rows, columns), which gives it the root mean square of an AdamW update, so
    that one learning rate serves both (Liu et al. 2025, "Muon is scalable for LLM training").

    Args:
        params: matrices only, or groups of them. lr: learning rate. momentum: of the gradient. weight_decay: decoupled.
        dtype: of the products; the run's, since a CPU without units for bfloat16 is slow in it.
        compiled: whether the products are compiled on a GPU, where launching them one by one takes longer than they do.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, object]],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
        compiled: bool = False,
    ) -> None:
        self.dtype, self.compiled = dtype, compiled
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes[weight.shape].append(weight)
            for shape, weights in shapes.items():
                for weight in weights:
                    if "momentum_buffer" not in self.state[weight]:
                        self.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
                buffers = locals_of(self.state[weight]["momentum_buffer"] for weight in weights)
                grads = [local(weight.grad) for weight in weights if weight.grad is not None]
                torch._foreach_lerp_(buffers, grads, 1 - group["momentum"])
                nesterov = torch._foreach_lerp(grads, buffers, group["momentum"])
                updates = self._orthogonal(nesterov, weights)
                parts = locals_of(weights)
                torch._foreach_mul_(parts, 1 - group["lr"] * group["weight_decay"])
                scale = 0.2 * max(shape) ** 0.5
                torch._foreach_add_(parts, updates, alpha=-group["lr"] * scale)

    def _orthogonal(self, steps: Sequence[Tensor], weights: list[Tensor]) -> list[Tensor]:
        """Orthogonalised steps of weights of one shape. Those of a sharded model are gathered for it, one matrix after
        the other, since only a whole matrix has singular values; each process keeps its part."""
        if is_part(weights[0]):
            wholes = (gather_like(step, weight) for step, weight in zip(steps, weights, strict=True))
            one = (orthogonalise(matrix[None], self.dtype)[0] for matrix in wholes)
            return [local(as_part(matrix, weight.detach())) for matrix, weight in zip(one, weights, strict=True)]
        stack = torch.stack(list(steps))
        products = _compiled() if self.compiled and stack.device.type == "cuda" else orthogonalise
        return list(products(stack, self.dtype).unbind())
