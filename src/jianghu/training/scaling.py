"""Loss scaling for float16, whose smallest number is 6e-8: the loss is multiplied before the backward pass, the
gradients divided after it, so that small ones are not lost (Micikevicius et al. 2018, "Mixed precision training").

As torch.amp.GradScaler, but one decision for all optimizers of a run, and its two numbers live in the run's state, so
that resume is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .sharding import local
from .state import TrainState

GROWTH_STEPS = 2000
"""Finite steps in a row after which the scale is doubled."""


class LossScaling:
    """Keeps `state.loss_scale` as large as the gradients allow.

    The scale is a power of two: multiplying by it and dividing again changes no bit.

    Args:
        any_process: whether something is so in any of the processes that train together.
    """

    def __init__(self, state: TrainState, any_process: Callable[[bool], bool] = bool) -> None:
        self.state, self.any_process = state, any_process

    @property
    def scale(self) -> float:
        """What the loss is multiplied by."""
        return self.state.loss_scale

    def unscale(self, weights: Sequence[Tensor]) -> bool:
        """Divide the gradients by the scale, and choose the next one: half of it if one of them overflowed, double
        after `GROWTH_STEPS` steps without.

        Returns:
            Whether all are finite; if not, the step must be left out. This waits for the device.
        """
        gradients = [local(weight.grad) for weight in weights if weight.grad is not None]
        torch._foreach_mul_(gradients, 1 / self.scale)
        norms = torch.stack(torch._foreach_norm(gradients))
        state, finite = self.state, not self.any_process(not norms.isfinite().all())
        state.good_steps = state.good_steps + 1 if finite else 0
        if not finite:
            state.loss_scale /= 2
        elif state.good_steps == GROWTH_STEPS:
            state.loss_scale, state.good_steps = state.loss_scale * 2, 0
        return finite
