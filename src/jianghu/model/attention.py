"""Attention under a mask: causal, of a cache, or block-diagonal where several records stand in one row."""

from __future__ import annotations

from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

Mask: TypeAlias = Tensor | BlockMask | None
"""Which places a token may see: True where it may, (B, 1, T, S); or by blocks; None: all before it."""


def segment_mask(segments: Tensor, sparse: bool = False) -> Mask:
    """Causal, and each token sees only tokens of its own segment.

    Args:
        segments: int64 (B, T).
        sparse: as a `BlockMask`, whose empty blocks a compiled kernel passes over, instead of a full mask. Only for
            compiled steps on NVIDIA's GPUs: FlexAttention has a fast kernel with gradients only there.
    """
    rows, width = segments.shape
    if sparse:

        def visible(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            return (query >= key) & (segments[row, query] == segments[row, key])

        return create_block_mask(visible, rows, None, width, width, device=str(segments.device))
    causal = torch.ones(width, width, dtype=torch.bool, device=segments.device).tril()
    return (segments[:, None, :, None] == segments[:, None, None, :]) & causal


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Mask) -> Tensor:
    """Scaled dot-product attention; fewer key heads than query heads are shared in groups.

    Args:
        query: (B, H, T, E). key, value: (B, K, S, E), H a multiple of K.

    Returns:
        (B, H, T, E).
    """
    grouped = query.shape[1] != key.shape[1]
    if isinstance(mask, BlockMask):
        # Autocast brings the three to one type for the other kernel, but not for this one.
        mixed = flex_attention(query.to(value.dtype), key.to(value.dtype), value, block_mask=mask, enable_gqa=grouped)
        assert isinstance(mixed, Tensor)  # a pair only where the sums of the softmax are asked for
        return mixed
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=mask is None, enable_gqa=grouped)
