"""A running mean of the weights, which is often a better model than the weights of the last step themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..model import Transformer
from .sharding import as_part, local, locals_of


class Ema:
    """Exponential moving average of those of a model's weights that train (Polyak & Juditsky 1992).

    In the first steps the decay is smaller, (1 + t) / (10 + t), so that the mean forgets the random beginning
    (as in TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, model: Transformer, decay: float) -> None:
        self.decay = decay
        self.trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self.weights = {name: weight.detach().clone() for name, weight in self.trained.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step `step`, counted from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(locals_of(self.weights.values()), locals_of(self.trained.values()), 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While open, the model's weights are the mean. Not of a sharded model, which keeps its own hands on them."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for name, weight in self.trained.items():
            weight.data, self.weights[name] = self.weights[name], weight.data

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back the mean that was saved."""
        for name, weight in self.weights.items():
            local(weight).copy_(local(as_part(tensors[name], weight)))
