"""Keys and values of tokens already read, so that each new token costs one step. Rows may differ in length, come
and go; room is made as it is needed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .config import ModelConfig


class KVCache:
    """Room for `capacity` tokens in each of some rows, of which the first `rows` are in use.

    Attributes:
        store: (n_layer, 2, rows that there is room for, n_kv_head, capacity, head_dim); keys, then values.
        lengths: int64, tokens held by each row.
        rows: rows in use; whoever changes it sees to it that they are the first ones.
        longest: an upper bound of their lengths, kept on the host so that a GPU is never asked for it.
    """

    def __init__(self, config: ModelConfig, rows: int, capacity: int, device: torch.device, dtype: torch.dtype) -> None:
        shape = (config.n_layer, 2, rows, config.n_kv_head, capacity, config.head_dim)
        self.store = torch.zeros(shape, device=device, dtype=dtype)
        self.lengths = torch.zeros(rows, dtype=torch.int64, device=device)
        self.rows = rows
        self.longest = 0

    def positions(self, width: int) -> Tensor:
        """Places of the next `width` tokens of each row, (rows, width)."""
        return self.lengths[: self.rows, None] + torch.arange(width, device=self.lengths.device)

    def mask(self, positions: Tensor) -> Tensor:
        """Which cached places each new token may see: (rows, 1, width, places), True where it may."""
        places = torch.arange(self.longest + positions.shape[1], device=positions.device)
        return places <= positions[:, None, :, None]

    def write(self, layer: int, positions: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Put new keys and values, (rows, heads, width, head_dim), at `positions`; return all that are in use."""
        rows = torch.arange(self.rows, device=key.device)[:, None]
        keys, values = self.store[layer]
        keys[rows, :, positions] = key.transpose(1, 2)
        values[rows, :, positions] = value.transpose(1, 2)
        used = self.longest + positions.shape[1]
        return keys[: self.rows, :, :used], values[: self.rows, :, :used]

    def advance(self, width: int, lengths: Tensor | None = None) -> None:
        """Count the new tokens as held: `width` in every row, or `lengths` (rows,) where rows were padded.

        Padding lies beyond a row's length, is never seen, and is overwritten by what comes next.
        """
        self.lengths[: self.rows] += width if lengths is None else lengths
        self.longest += width

    def reserve(self, rows: int, capacity: int, most_rows: int, most_capacity: int) -> None:
        """Make room for so many rows and tokens, keeping what is held. Room doubles, so that this is rare."""
        layers, two, had_rows, heads, had, width = self.store.shape
        if rows <= had_rows and capacity <= had:
            return
        rows = had_rows if rows <= had_rows else min(most_rows, max(rows, 2 * had_rows))
        capacity = had if capacity <= had else min(most_capacity, max(capacity, 2 * had))
        store = self.store.new_zeros(layers, two, rows, heads, capacity, width)
        store[:, :, :had_rows, :, :had] = self.store
        lengths = self.lengths.new_zeros(rows)
        lengths[:had_rows] = self.lengths
        self.store, self.lengths = store, lengths

    def repeat(self, times: int) -> None:
        """Let the first row stand so many times: one prompt, read once, for several answers."""
        self.store = self.store[:, :, [0] * times]
        self.lengths = self.lengths[:1].repeat(times)
        self.rows = times

    def take(self, row: int, length: int) -> Tensor:
        """A copy of the first `length` tokens of a row: (n_layer, 2, n_kv_head, length, head_dim)."""
        return self.store[:, :, row, :, :length].clone()

    def put(self, row: int, held: Tensor) -> None:
        """Fill a row with what `take` gave."""
        self.store[:, :, row, :, : held.shape[3]] = held
        self.lengths[row] = held.shape[3]
