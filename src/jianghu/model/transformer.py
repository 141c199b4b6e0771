"""The model: RMSNorm, rotary positions, attention with normalised queries and keys, SwiGLU, embedding as head or not.

The mathematics of Qwen3 (Yang et al. 2025, arXiv:2505.09388) under Hugging Face's parameter names, so that
`state_dict()` is a Hugging Face checkpoint. Shapes: B rows, T tokens, D = n_embd, H heads, E = head_dim; H · E need
not be D.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .attention import Mask, attend, segment_mask
from .cache import KVCache
from .config import ModelConfig
from .loss import linear_cross_entropy


class RMSNorm(nn.Module):
    """x / rms(x) · weight (Zhang & Sennrich 2019)."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of x (B, H, T, E) by angles (B or 1, 1, T, E): halves paired, as in Hugging Face (RoFormer)."""
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


class Attention(nn.Module):
    """Causal attention with normalised queries and keys; fewer key heads than query heads if so configured."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer, self.head_dim = layer, config.head_dim
        inner, kv = config.n_head * config.head_dim, config.n_kv_head * config.head_dim
        self.q_proj = nn.Linear(config.n_embd, inner, bias=False)
        self.k_proj = nn.Linear(config.n_embd, kv, bias=False)
        self.v_proj = nn.Linear(config.n_embd, kv, bias=False)
        self.o_proj = nn.Linear(inner, config.n_embd, bias=False)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor], mask: Mask, cache: KVCache | None, places: Tensor | None
    ) -> Tensor:
        rows, width, _ = x.shape
        split = (rows, width, -1, self.head_dim)
        q = rotate(self.q_norm(self.q_proj(x).view(split)).transpose(1, 2), *rope)  # (B, H, T, E)
        k = rotate(self.k_norm(self.k_proj(x).view(split)).transpose(1, 2), *rope)
        v = self.v_proj(x).view(split).transpose(1, 2)
        if cache is not None:
            assert places is not None
            k, v = cache.write(self.layer, places, k, v)
        return self.o_proj(attend(q, k, v, mask).transpose(1, 2).reshape(rows, width, -1))


class FeedForward(nn.Module):
    """SwiGLU (Shazeer 2020)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.n_embd, config.n_inner, bias=False)
        self.up_proj = nn.Linear(config.n_embd, config.n_inner, bias=False)
        self.down_proj = nn.Linear(config.n_inner, config.n_embd, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    """Attention, then feed-forward, each added to the residual stream."""

    def __init__(self, config: ModelConfig, layer: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = Attention(config, layer)
        self.mlp = FeedForward(config)
        self.input_layernorm = RMSNorm(config.n_embd, config.norm_eps)
        self.post_attention_layernorm = RMSNorm(config.n_embd, config.norm_eps)
        self.drop = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor], mask: Mask, cache: KVCache | None, places: Tensor | None
    ) -> Tensor:
        x = x + self.drop(self.self_attn(self.input_layernorm(x), rope, mask, cache, places))
        return x + self.drop(self.mlp(self.post_attention_layernorm(x)))


class _Body(nn.Module):
    """Holds the parameters that Hugging Face names `model.*`."""

    def __init__(self, config: ModelConfig, dropout: float) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.n_embd)
        self.layers = nn.ModuleList(Block(config, layer, dropout) for layer in range(config.n_layer))
        self.norm = RMSNorm(config.n_embd, config.norm_eps)


class Transformer(nn.Module):
    """A language model. `forward` gives hidden states, `logits` scores tokens, `loss` sums nats.

    Args:
        config: the shape.
        dropout: share dropped of the embedding and of each block's output, in training only.

    Attributes:
        n_tokens: ids that may be written: those that the tokenizer has. Others pad their embedding to a round number of
            rows; the rows beyond take part in the loss, as in transformers.
    """

    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.flex = False  # whether a compiled step may read rows of several records by FlexAttention
        self.recompute = False  # whether the backward pass computes each block again instead of keeping what it needs
        self.config = config
        self.n_tokens = config.vocab_size
        self.model = _Body(config, dropout)
        if not config.tied:
            self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.drop = nn.Dropout(dropout)
        self.materialize_rope()

    def init_weights(self, seed: int) -> None:
        """Draw all weights: normal with deviation 0.02, as GPT-2; what writes to the residual stream starts at
        zero (muP, modded-nanogpt), so that every block begins as the identity. Drawn on the CPU, so that a seed
        means the same weights on every device."""
        generator = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            if weight.ndim < 2:
                nn.init.ones_(weight)
            elif name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(weight)
            else:
                drawn = torch.empty(weight.shape).normal_(std=0.02, generator=generator)
                weight.data.copy_(drawn)

    def materialize_rope(self) -> None:
        """Compute the cosines and sines (block_size, E) of every position, in float32, on the weights' device."""
        length = self.config.block_size
        half = self.config.head_dim // 2
        device = self.model.embed_tokens.weight.device
        steps = torch.arange(half, dtype=torch.float32, device=device) / half
        angles = torch.arange(length, dtype=torch.float32, device=device)[:, None] / self.config.rope_theta**steps
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.cos: Tensor
        self.sin: Tensor

    def forward(
        self, ids: Tensor, segments: Tensor | None = None, positions: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor:
        """Hidden states after the last norm.

        Args:
            ids: int64 (B, T).
            segments: int64 (B, T): tokens see only tokens of their own segment (several records in a row).
            positions: int64 (B, T), where they do not simply count from 0.
            cache: what was read before; the new tokens are written into it (call `cache.advance` after).

        Returns:
            (B, T, D).
        """
        width = ids.shape[1]
        mask: Mask = None
        if cache is not None:
            positions = cache.positions(width)
            mask = cache.mask(positions)
        elif segments is not None:
            mask = segment_mask(segments, self.flex and torch.compiler.is_compiling())
        x = self.drop(self.model.embed_tokens(ids))
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.get_autocast_dtype(x.device.type))
        if positions is None:
            cos, sin = self.cos[None, None, :width], self.sin[None, None, :width]
        else:
            cos, sin = self.cos[positions][:, None], self.sin[positions][:, None]
        rope = cos.to(x.dtype), sin.to(x.dtype)
        for block in self.model.layers:
            if self.recompute and torch.is_grad_enabled():  # dropout is drawn again as it was
                x = checkpoint(block, x, rope, mask, cache, positions, use_reentrant=False)
            else:
                x = block(x, rope, mask, cache, positions)
        return self.model.norm(x)

    @property
    def head(self) -> Tensor:
        """The matrix that scores tokens, (vocab_size, D): a layer's own, or the embedding."""
        return self.model.embed_tokens.weight if self.config.tied else self.lm_head.weight

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of all rows of the head, (…, vocab_size), as transformers gives them."""
        return F.linear(hidden, self.head.to(hidden.dtype))

    def next_scores(self, hidden: Tensor) -> Tensor:
        """Scores of the ids that may be written, (…, n_tokens): rows that only pad the embedding are left out."""
        return F.linear(hidden, self.head[: self.n_tokens].to(hidden.dtype))

    def loss(
        self, ids: Tensor, targets: Tensor, segments: Tensor | None = None, positions: Tensor | None = None
    ) -> Tensor:
        """Sum of cross-entropies in nats over targets that are not -100 (float32 scalar).

        A sum, so that whoever calls divides once by the number of targets of the whole step.
        """
        return self.nats(self(ids, segments, positions), targets)

    def nats(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """`loss` of hidden states (B, T, D) that are there already."""
        return linear_cross_entropy(hidden.flatten(0, 1), self.head, targets.flatten())

    def target_nats(
        self, ids: Tensor, targets: Tensor, segments: Tensor | None = None, positions: Tensor | None = None
    ) -> Tensor:
        """Cross-entropy in nats of each target that is not -100, row by row, float32 (targets,): for who weighs one
        answer against another. All scores of those targets are held at once."""
        return self.each_nats(self(ids, segments, positions), targets)

    def each_nats(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """`target_nats` of hidden states (B, T, D) that are there already."""
        scored = targets != -100
        return F.cross_entropy(self.logits(hidden[scored]).float(), targets[scored], reduction="none")

    def extend(self, block_size: int) -> None:
        """Allow rows of up to `block_size` tokens; rotary positions need no new weights."""
        if block_size > self.config.block_size:
            self.config = ModelConfig(**{**self.config.to_dict(), "block_size": block_size})
            self.materialize_rope()
