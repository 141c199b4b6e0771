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


def orthogonalise(stack: Tensor, dtype: torch.dtype = torch.float32, steps: int = 5) -> Tensor:
    """Bring every singular value of each matrix near 1. Takes and gives (matrices, rows, columns).

    Args:
        dtype: of the products; bfloat16 is exact enough for this iteration.
    """
    a, b, c = NEWTON_SCHULZ
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

    Attributes:
        dtype: of the products; the run's own, since a CPU without units for bfloat16 is slow in it.
    """

    dtype = torch.float32

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
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
                torch._foreach_add_(weights, list(whole(nesterov, self.dtype).unbind()), alpha=-group["lr"] * scale)
