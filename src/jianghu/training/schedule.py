"""The learning rate as a function of the step."""

from __future__ import annotations

import math

from ..recipe import TrainSettings


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Learning rate of step `step` (the first is 0): linear warm-up, then a cosine down to min_lr.

    The first step already moves the weights, and the last one is at min_lr (Loshchilov & Hutter 2017; min_lr =
    learning_rate / 10 as in nanoGPT and Chinchilla).
    """
    low = settings.learning_rate / 10 if settings.min_lr is None else settings.min_lr
    if step < settings.warmup_iters:
        return settings.learning_rate * (step + 1) / settings.warmup_iters
    done = (step - settings.warmup_iters) / max(1, settings.max_iters - 1 - settings.warmup_iters)
    return low + (settings.learning_rate - low) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
