"""Muon: momentum whose update is made orthogonal, for the matrices inside the blocks.

Matrices of one shape are stacked, so that each shape costs one set of Newton-Schulz products a step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration (Jordan et al. 2024): steep at zero, so that five steps are enough."""


def orthogonalise(stack: Tensor, steps: int = 5) -> Tensor:
    """Bring every singular value of each matrix near 1. Takes and gives (matrices, rows, columns).

    In float32 on a CPU, where bfloat16 is slow, and in bfloat16 on a GPU.
    """
    a, b, c = NEWTON_SCHULZ
    x = stack.bfloat16() if stack.device.type == "cuda" else stack.float()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(stack.dtype)


@cache
def _compiled() -> Callable[[Tensor], Tensor]:
    return torch.compile(orthogonalise, dynamic=False)


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay.

    An update is scaled by 0.2 · √max(rows, columns), which gives it the root mean square of an AdamW update, so
    that one learning rate serves both (Liu et al. 2025, "Muon is scalable for LLM training").

    Args:
        params: matrices only. lr: learning rate. momentum: of the gradient. weight_decay: decoupled.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
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
                buffers = [self.state[weight]["momentum_buffer"] for weight in weights]
                grads = [weight.grad for weight in weights if weight.grad is not None]
                torch._foreach_lerp_(buffers, grads, 1 - group["momentum"])
                nesterov = torch.stack(torch._foreach_lerp(grads, buffers, group["momentum"]))
                whole = _compiled() if nesterov.device.type == "cuda" else orthogonalise
                torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
                scale = 0.2 * max(shape) ** 0.5
                torch._foreach_add_(weights, list(whole(nesterov).unbind()), alpha=-group["lr"] * scale)
