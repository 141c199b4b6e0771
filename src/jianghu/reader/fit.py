"""Training: questions with the weights of their right candidates → a network. The same input gives the same network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .features import Sheet
from .network import Network, Scorer, collate, standardise

BATCH = 32
RATE, DECAY, WARMUP = 2e-3, 1e-2, 50
"""Peak learning rate of AdamW, its weight decay, and steps of warm-up; the rate then falls to zero in a line."""
DROPOUT = 0.15


@dataclass(frozen=True)
class Lesson:
    """A question to train on.

    Attributes:
        right: (candidates + 1,) what it counts to choose each; the last is that of no answer. Not all zero.
    """

    sheet: Sheet
    right: np.ndarray


def fit(
    lessons: Sequence[Lesson],
    epochs: int,
    models: int,
    seed: int,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> Network:
    """Train a network.

    Args:
        models: how many scorers are averaged.
        on_step: is told the step, counted over all scorers, and its loss.
    """
    sheets = [lesson.sheet for lesson in lessons]
    done = 0
    scorers = []
    for model in range(models):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed * 1000 + model)
            scorer = Scorer(DROPOUT)
            standardise(scorer, sheets)
            optimizer = torch.optim.AdamW(scorer.parameters(), lr=RATE, weight_decay=DECAY, foreach=True)
            dice = np.random.default_rng([seed, model])
            steps = steps_of(len(lessons), epochs)
            step = 0
            for _ in range(epochs):
                order = dice.permutation(len(lessons))
                for at in range(0, len(order), BATCH):
                    for group in optimizer.param_groups:
                        group["lr"] = RATE * min(1.0, (step + 1) / WARMUP) * (1 - step / steps)
                    loss = _loss(scorer, [lessons[n] for n in order[at : at + BATCH]])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    step += 1
                    done += 1
                    on_step(done, loss.item())
            scorers.append(scorer.eval())
    return Network(scorers)


def steps_of(lessons: int, epochs: int) -> int:
    """Optimizer steps of one scorer."""
    return epochs * -(-lessons // BATCH)


def _loss(scorer: Scorer, lessons: Sequence[Lesson]) -> torch.Tensor:
    """Minus the logarithm of the probability of all right candidates together."""
    batch = collate([lesson.sheet for lesson in lessons])
    right = np.zeros((len(lessons), batch.rows.shape[1] + 1), np.float32)
    for n, lesson in enumerate(lessons):
        right[n, : len(lesson.right) - 1], right[n, -1] = lesson.right[:-1], lesson.right[-1]
    weights = torch.from_numpy(right).clamp_min(1e-9).log()
    return -torch.logsumexp(scorer(batch) + weights, 1).mean()
