"""One text that is being written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from torch import Tensor

from .sampling import Sampling

TURN = 32
"""Tokens after which a row gives its place to one that waits."""


@dataclass(eq=False)
class Row:
    """A prompt, what was written after it, and how far the model has read both.

    Attributes:
        context: ids that the model sees: the end of the prompt, and what was written.
        sampling, stop, random: its own settings, the ids that end it, its own random numbers.
        written: ids so far; a stop token is the last if the model stopped by itself.
        ending: why it ended; None while it goes on.
        error: what kept it from going on, if it failed.
        read: ids of `context` whose keys and values are known. A row writes when all but the last are.
        held: these keys and values while the row has no place in the engine's cache (see `KVCache.take`).
        turns, turn: times that it got a place; tokens written since the last time.
    """

    context: list[int]
    sampling: Sampling
    stop: Collection[int]
    random: np.random.Generator
    written: list[int] = field(default_factory=list)
    ending: Literal["stop", "length", "cancelled", "failed"] | None = None
    error: Exception | None = None
    read: int = 0
    held: Tensor | None = None
    turns: int = 0
    turn: int = 0
    _drawn: float | None = None

    @property
    def brief(self) -> bool:
        """Whether one turn is enough for all that it may write, and its prompt is hardly longer."""
        return self.sampling.max_new_tokens <= TURN and len(self.context) - len(self.written) <= 2 * TURN

    @property
    def unread(self) -> int:
        """Ids still to be read before it can write."""
        return len(self.context) - 1 - self.read

    def draw(self) -> float:
        """The random number in [0, 1) that decides the next id; the same until that is written."""
        if self._drawn is None:
            self._drawn = float(self.random.random(dtype=np.float32))
        return self._drawn

    def write(self, id: int) -> None:
        """Take the next id."""
        self._drawn = None
        self.read += 1
        self.turn += 1
        self.context.append(id)
        self.written.append(id)
        if id in self.stop:
            self.ending = "stop"
        elif len(self.written) >= self.sampling.max_new_tokens:
            self.ending = "length"

    def cut(self, length: int) -> None:
        """Forget all but the end of the context, which has to be read again."""
        self.context = self.context[-length:]
        self.read, self.held = 0, None
