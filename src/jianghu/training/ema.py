"""A running mean of the weights, which is often a better model than the weights of the last step themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..model import Transformer


class Ema:
    """Exponential moving average of a model's weights (Polyak & Juditsky 1992).

    In the first steps the decay is smaller, (1 + t) / (10 + t), so that the mean forgets the random beginning
    (as in TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, model: Transformer, decay: float) -> None:
        self.model, self.decay = model, decay
        self.weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step `step`, counted from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.weights.values()), list(self.model.parameters()), 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While open, the model's weights are the mean."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for name, weight in self.model.named_parameters():
            weight.data, self.weights[name] = self.weights[name], weight.data

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back the mean that was saved."""
        for name, weight in self.weights.items():
            weight.copy_(tensors[name])
