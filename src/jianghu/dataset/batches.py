"""Batches of running text. Batch n is a pure function of (seed, n): resume needs no state, and no loader process.

Every token is a target exactly once in each epoch, and each epoch cuts the text at other places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .tokens import TokenData

IGNORE = -100
"""Targets that carry no loss."""


@dataclass(frozen=True)
class Batch:
    """Rows for the model: all int64 (B, T). `targets` is -100 where there is no loss.

    `count` is the number of targets with loss, `characters` how many characters they begin (validation only);
    both are plain numbers, so that a GPU is never asked for them.
    """

    ids: Tensor
    targets: Tensor
    count: int
    segments: Tensor | None = None
    positions: Tensor | None = None
    characters: int = 0


class BatchSource(Protocol):
    """What a trainer needs of its data."""

    batches_per_epoch: float

    def batch(self, number: int) -> Batch:
        """Micro-batch `number`, counted from 0 over the whole run."""

    def validation(self, most_rows: int) -> list[Batch]:
        """Batches of at most `most_rows` rows in all, always the same, spread over the whole validation part."""


def permutation(size: int, *key: int) -> np.ndarray:
    """A random order of range(size), a pure function of the key."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(list(key)))).permutation(size)


def spread(total: int, most: int) -> list[int]:
    """At most `most` of range(total), evenly spread."""
    count = min(total, most)
    return [(2 * n + 1) * total // (2 * count) for n in range(count)]


class PretrainBatches:
    """Windows of the shelf's running text.

    The training ids are taken as a ring. Epoch e turns the ring by a random shift, cuts it into windows of
    block_size targets and shuffles them; the last window is filled up with targets that carry no loss.

    Raises:
        InputError: the text is shorter than one window.
    """

    def __init__(
        self,
        data: TokenData,
        chars_per_token: np.ndarray,
        batch_size: int,
        block_size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        shortest = min(len(data.train), len(data.val))
        if shortest <= block_size:
            characters = min(data.about[part]["characters"] for part in ("train", "val"))
            part = "training" if len(data.train) <= len(data.val) else "validation"
            raise InputError(
                f"[pretrain] block_size {block_size} is longer than the {part} text ({shortest} tokens, "
                f"{characters} characters). Set block_size below {shortest}, or add longer books."
            )
        self.data, self.chars_per_token = data, chars_per_token
        self.batch_size, self.block_size, self.seed, self.device = batch_size, block_size, seed, device
        self.tokens = torch.from_numpy(np.asarray(data.train).astype(np.int32)).to(device)
        self.size = len(data.train)
        self.windows = -(-self.size // block_size)
        self.batches_per_epoch = self.windows / batch_size
        self._epoch = lru_cache(maxsize=2)(self._plan_epoch)

    def _plan_epoch(self, epoch: int) -> tuple[int, np.ndarray]:
        """Shift of the ring, and order of the windows."""
        shift = int(np.random.default_rng([self.seed, epoch, 1]).integers(self.size))
        return shift, permutation(self.windows, self.seed, epoch)

    def batch(self, number: int) -> Batch:
        starts, lengths = [], []
        for row in range(number * self.batch_size, (number + 1) * self.batch_size):
            epoch, place = divmod(row, self.windows)
            shift, order = self._epoch(epoch)
            first = int(order[place]) * self.block_size
            starts.append(shift + first)
            lengths.append(min(self.block_size, self.size - first))
        offsets = torch.arange(-1, self.block_size)
        places = (torch.tensor(starts)[:, None] + offsets) % self.size  # (B, T + 1)
        rows = self.tokens[places.to(self.device, non_blocking=True)].long()
        targets = rows[:, 1:]
        if min(lengths) < self.block_size:
            beyond = torch.arange(self.block_size) >= torch.tensor(lengths)[:, None]
            targets = targets.masked_fill(beyond.to(self.device), IGNORE)
        return Batch(rows[:, :-1], targets, sum(lengths))

    def validation(self, most_rows: int) -> list[Batch]:
        """Windows that do not overlap, each stretch begun behind its `<|endoftext|>`."""
        windows = [
            (start, min(start + self.block_size, end))
            for first, end in self.data.stretches("val")
            for start in range(first, end, self.block_size)
        ]
        taken = [windows[n] for n in spread(len(windows), most_rows)]
        batches = []
        for at in range(0, len(taken), self.batch_size):
            rows = taken[at : at + self.batch_size]
            ids = np.zeros((len(rows), self.block_size), dtype=np.int64)
            targets = np.full((len(rows), self.block_size), IGNORE, dtype=np.int64)
            for row, (start, end) in enumerate(rows):
                ids[row, : end - start] = self.data.val[start - 1 : end - 1]
                targets[row, : end - start] = self.data.val[start:end]
            scored = targets[targets != IGNORE]
            batches.append(
                Batch(
                    torch.from_numpy(ids).to(self.device),
                    torch.from_numpy(targets).to(self.device),
                    count=len(scored),
                    characters=int(self.chars_per_token[scored].sum()),
                )
            )
        return batches
