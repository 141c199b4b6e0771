"""Writes some texts to their end, step by step or all at once: the engine for who has all prompts beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..model import Transformer
from .engine import Engine
from .sampling import Sampling

BUDGET = 8192
"""Tokens of prompts read at once: nobody waits for the first word of one row."""


@dataclass(frozen=True)
class Completion:
    """New ids of one row, without the stop token; `finished` says that the model stopped by itself."""

    ids: list[int]
    finished: bool


def stream(
    model: Transformer, prompts: list[list[int]], sampling: Sampling, stop: set[int]
) -> Iterator[list[tuple[int, int]]]:
    """Write all rows together; yield, step by step, the (row, id) pairs of that step.

    A row's last id is a stop token if the model stopped by itself. A context that outgrows block_size is cut
    back to its last half and read again.

    Args:
        model: in evaluation mode.
        prompts: ids of each row; none may be empty. Only the last block_size - 1 are read.
        stop: ids that end a row.

    Raises:
        Exception: whatever kept a row from going on.
    """
    engine = Engine(model, len(prompts), BUDGET)
    numbers = {
        engine.add(prompt, sampling, stop, np.random.default_rng([sampling.seed % 2**64, n])): n
        for n, prompt in enumerate(prompts)
    }
    while engine.busy:
        step = engine.step()
        if engine.failed:
            assert engine.failed[0].error is not None
            raise engine.failed[0].error
        if step:
            yield [(numbers[new.row], new.id) for new in step]


def generate(model: Transformer, prompts: list[list[int]], sampling: Sampling, stop: set[int]) -> list[Completion]:
    """Write all rows to their end. See `stream`."""
    written: list[list[int]] = [[] for _ in prompts]
    for step in stream(model, prompts, sampling, stop):
        for row, id in step:
            written[row].append(id)
    return [Completion(ids[:-1], True) if ids and ids[-1] in stop else Completion(ids, False) for ids in written]
