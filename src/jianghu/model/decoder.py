"""One token for each of many rows: the arithmetic of `Transformer.forward` in as few operations as it takes.

A step of writing reads every weight once and computes little, so on a CPU the calls themselves cost as much as the
arithmetic: `forward` makes some sixty a layer, this some twenty. Weights that are multiplied with the same vector lie
together and are multiplied at once.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .cache import KVCache
from .transformer import Block, RMSNorm, Transformer


class Decoder:
    """Reads one more token of each row; equal to the model's `forward` and `next_scores` but for rounding.

    Args:
        model: in evaluation mode, its weights in float32. They must not be exchanged for others afterwards.
    """

    def __init__(self, model: Transformer) -> None:
        self.model = model
        self._layers = [_Layer(block) for block in model.model.layers]  # type: ignore[arg-type]
        self._norm = _Norm(model.model.norm)

    def __call__(self, ids: Tensor, cache: KVCache) -> Tensor:
        """Scores of the next token of each row, (B, n_tokens); call `cache.advance` after.

        Args:
            ids: int64 (B,), the newest token of each row in use.
            cache: what was read before; the new token is written into it.
        """
        rows, lengths = cache.rows, cache.lengths[: cache.rows]
        used = cache.longest + 1
        mask: Tensor | None = None
        if rows > 1:  # a single row sees all that is there
            hidden = torch.arange(used, device=ids.device) > lengths[:, None]
            mask = torch.zeros(rows, used, device=ids.device).masked_fill_(hidden, -torch.inf)[:, None, None]
        cos, sin = self.model.cos[lengths][:, None], self.model.sin[lengths][:, None]  # (B, 1, E)
        half = sin.shape[-1] // 2
        sin = torch.cat((-sin[..., :half], sin[..., half:]), dim=-1)
        # One view for all layers is taken apart at once: a view costs as much as a small sum.
        keys, values = (part.unbind() for part in cache.store[:, :, :rows, :, :used].unbind(1))
        single = cache.store[:, :, 0, :, used - 1].unbind() if rows == 1 else None  # where its keys and values go
        index = torch.arange(rows, device=ids.device)
        x = self.model.model.embed_tokens(ids)
        for n, layer in enumerate(self._layers):
            query, key, value = layer.project(x, cos, sin)
            if single is not None:
                single[n][0].copy_(key[0])
                single[n][1].copy_(value[0])
            else:
                cache.store[n][:, index, :, lengths] = torch.stack((key, value), dim=1)
            x = layer.finish(x, query, keys[n], values[n], mask)
        return self.model.next_scores(self._norm(x))


class _Norm:
    """RMSNorm over the last dimension, (…, D) to (…, D)."""

    def __init__(self, norm: RMSNorm, weight: Tensor | None = None) -> None:
        width = norm.weight.shape[0]
        self.weight = (norm.weight if weight is None else weight).detach() * math.sqrt(width)
        self.least = torch.tensor(math.sqrt(width * norm.eps), device=norm.weight.device)

    def __call__(self, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        return x / torch.hypot(length, self.least) * self.weight  # √D · x / √(Σx² + D·eps)


class _Layer:
    """A block; see `Block`."""

    def __init__(self, block: Block) -> None:
        attention, mlp = block.self_attn, block.mlp
        self.head_dim = attention.head_dim
        self.before_attention = _Norm(block.input_layernorm)
        self.before_mlp = _Norm(block.post_attention_layernorm)
        self.qkv = joined(attention.q_proj, attention.k_proj, attention.v_proj)
        self.queries = attention.q_proj.out_features // self.head_dim
        self.keys = attention.k_proj.out_features // self.head_dim
        weights = [attention.q_norm.weight.expand(self.queries, -1), attention.k_norm.weight.expand(self.keys, -1)]
        self.before_rope = _Norm(attention.q_norm, torch.cat(weights))  # (H + K, E)
        self.out = attention.o_proj.weight.t()
        self.gate_up = joined(mlp.gate_proj, mlp.up_proj)
        self.down = mlp.down_proj.weight.t()

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, E), keys and values (B, K, E) of the new token; x (B, D)."""
        qkv = F.linear(self.before_attention(x), self.qkv).view(x.shape[0], -1, self.head_dim)
        qk, value = qkv.split((self.queries + self.keys, self.keys), dim=1)
        qk = self.before_rope(qk)
        qk = torch.addcmul(qk * cos, qk.roll(self.head_dim // 2, -1), sin)
        query, key = qk.split((self.queries, self.keys), dim=1)
        return query, key, value

    def finish(self, x: Tensor, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """The block's output (B, D); keys and values (B, K, S, E) with the new ones among them."""
        grouped = self.queries != self.keys
        mixed = F.scaled_dot_product_attention(query.unsqueeze(2), keys, values, attn_mask=mask, enable_gqa=grouped)
        x = torch.addmm(x, mixed.view(x.shape[0], -1), self.out)
        gate, up = F.linear(self.before_mlp(x), self.gate_up).chunk(2, dim=-1)
        return torch.addmm(x, F.silu(gate).mul_(up), self.down)


def lay_together(model: Transformer) -> None:
    """Let weights that are multiplied with the same vector lie one after the other, so that a decoder needs no copy."""
    for block in model.model.layers:
        assert isinstance(block, Block)
        attention, mlp = block.self_attn, block.mlp
        for layers in ((attention.q_proj, attention.k_proj, attention.v_proj), (mlp.gate_proj, mlp.up_proj)):
            whole = torch.cat([layer.weight.detach() for layer in layers])
            parts = whole.split([layer.out_features for layer in layers])
            for layer, part in zip(layers, parts, strict=True):
                layer.weight.data = part


def joined(*layers: nn.Linear) -> Tensor:
    """The weights of several layers as one, (sum of outputs, inputs): a view where they lie one after the other."""
    weights = [layer.weight.detach() for layer in layers]
    place, first = weights[0].data_ptr(), weights[0]
    for weight in weights:
        if weight.data_ptr() != place or not weight.is_contiguous():
            return torch.cat(weights)
        place += weight.nbytes
    height = sum(weight.shape[0] for weight in weights)
    try:
        return first.as_strided((height, first.shape[1]), first.stride())
    except RuntimeError:
        return torch.cat(weights)
