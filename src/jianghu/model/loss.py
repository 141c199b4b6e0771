"""Cross-entropy of a linear head, without ever holding all scores at once.

With a vocabulary of thousands and a width of hundreds, a CPU spends a third of a training step moving the
(tokens × vocabulary) scores and their gradient through memory. Here they live in the cache, a few rows at a
time, and the gradients are made on the way (the idea of Liger Kernel's fused linear cross-entropy, Hsu et al. 2024).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

ROWS = 256
"""Rows of scores at a time: 256 × 8192 × 4 bytes are 8 MB, about a core's share of the last cache."""


class _LinearCrossEntropy(torch.autograd.Function):
    """Products in the type of `hidden` (float32 or bfloat16); the softmax and all sums in float32 and above."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        d_hidden = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        d_weight = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None  # a frozen head has none
        head = weight.to(hidden.dtype)
        nats = torch.zeros((), dtype=torch.float64)
        for at in range(0, len(hidden), ROWS):
            rows, wanted = hidden[at : at + ROWS], targets[at : at + ROWS, None]
            scores = (rows @ head.t()).float()
            scores -= scores.amax(dim=1, keepdim=True)
            chosen = scores.gather(1, wanted)
            total = scores.exp_().sum(dim=1, keepdim=True)
            nats += (total.log() - chosen).sum(dtype=torch.float64)
            if any(ctx.needs_input_grad):
                shares = scores.div_(total).scatter_add_(1, wanted, torch.full_like(total, -1.0)).to(hidden.dtype)
                if d_hidden is not None:
                    torch.mm(shares, head, out=d_hidden[at : at + ROWS])
                if d_weight is not None and hidden.dtype == weight.dtype:
                    d_weight.addmm_(shares.t(), rows)
                elif d_weight is not None:
                    d_weight += shares.t() @ rows
        ctx.save_for_backward(d_hidden, d_weight)
        return nats.float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_weight = ctx.saved_tensors
        return *(None if part is None else part * grads[0] for part in (d_hidden, d_weight)), None


def linear_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Sum of cross-entropies, in nats, of `hidden @ weight.T` against `targets`; -100 is left out.

    Args:
        hidden: (N, D), float32 or bfloat16. weight: float32 (V, D). targets: int64 (N,).

    On a CPU only the rows that carry loss are scored, some at a time; elsewhere it is PyTorch's own, which
    `torch.compile` fuses.
    """
    if hidden.device.type == "cpu":
        counted = (targets != -100).nonzero()[:, 0]
        if len(counted) < len(targets):
            hidden, targets = hidden[counted], targets[counted]
        loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, targets)
        return loss
    scores = F.linear(hidden, weight.to(hidden.dtype))
    return F.cross_entropy(scores.float(), targets, ignore_index=-100, reduction="sum")
