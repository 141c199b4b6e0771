"""The learning rate and the weight decay as functions of the step."""

from __future__ import annotations

import math

from ..recipe import TrainSettings


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Learning rate of step `step` (the first is 0): linear warm-up, then down to min_lr by the schedule.

    cosine (Loshchilov & Hutter 2017; min_lr = learning_rate / 10 as in nanoGPT and Chinchilla), or warmup-stable-decay
    (MiniCPM, Hu et al. 2024): constant, then a line over the last `decay_share` of the steps. The first step
    already moves the weights, and the last one is at min_lr.
    """
    high, last = settings.learning_rate, settings.max_iters - 1
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
