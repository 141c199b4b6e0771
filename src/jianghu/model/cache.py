"""Keys and values of tokens already read, so that each new token costs one step. Rows may differ in length."""

from __future__ import annotations

import torch
from torch import Tensor

from .config import ModelConfig


class KVCache:
    """Room for `capacity` tokens in each of `rows` rows.

    Attributes:
        keys, values: one tensor a layer, (rows, n_kv_head, capacity, head_dim).
        lengths: int64 (rows,), tokens held by each row.
        longest: an upper bound of `lengths`, kept on the host so that a GPU is never asked for it.
    """

    def __init__(self, config: ModelConfig, rows: int, capacity: int, device: torch.device, dtype: torch.dtype) -> None:
        shape = (rows, config.n_kv_head, capacity, config.head_dim)
        self.keys = [torch.zeros(shape, device=device, dtype=dtype) for _ in range(config.n_layer)]
        self.values = [torch.zeros(shape, device=device, dtype=dtype) for _ in range(config.n_layer)]
        self.lengths = torch.zeros(rows, dtype=torch.int64, device=device)
        self.longest = 0
        self.capacity = capacity

    def positions(self, width: int) -> Tensor:
        """Places of the next `width` tokens of each row, (rows, width)."""
        return self.lengths[:, None] + torch.arange(width, device=self.lengths.device)

    def mask(self, positions: Tensor) -> Tensor:
        """Which cached places each new token may see: (rows, 1, width, places), True where it may."""
        places = torch.arange(self.longest + positions.shape[1], device=positions.device)
        return places <= positions[:, None, :, None]

    def write(self, layer: int, positions: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Put new keys and values, (rows, heads, width, head_dim), at `positions`; return all that are in use."""
        rows = torch.arange(key.shape[0], device=key.device)[:, None]
        self.keys[layer][rows, :, positions] = key.transpose(1, 2)
        self.values[layer][rows, :, positions] = value.transpose(1, 2)
        used = self.longest + positions.shape[1]
        return self.keys[layer][:, :, :used], self.values[layer][:, :, :used]

    def advance(self, width: int, lengths: Tensor | None = None) -> None:
        """Count the new tokens as held: `width` in every row, or `lengths` (rows,) where rows were padded.

        Padding lies beyond a row's length, is never seen, and is overwritten by what comes next.
        """
        self.lengths = self.lengths + (width if lengths is None else lengths)
        self.longest += width

    def keep(self, rows: Tensor) -> None:
        """Drop all rows but these (int64 indices)."""
        self.keys = [keys[rows] for keys in self.keys]
        self.values = [values[rows] for values in self.values]
        self.lengths = self.lengths[rows]
