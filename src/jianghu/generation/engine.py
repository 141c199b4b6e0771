"""Writes text with a model. Prompts as ids go in; new ids come out one step at a time, many rows at once.

What a row says does not depend on which rows are beside it: each has its own random numbers, its own length
in the cache, and is cut back on its own when it outgrows the model's block_size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..model import KVCache, Transformer


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; the defaults are greedy.

    `repetition_penalty` (CTRL, Keskar et al. 2019) falls on tokens that this answer has already written, not on
    the prompt: a question's names are what its answer needs.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Generated:
    """New ids of one row, without the stop token; `finished` says that the model stopped by itself."""

    ids: list[int]
    finished: bool


@dataclass
class _Row:
    number: int
    context: list[int]
    written: list[int]
    random: np.random.Generator


@torch.inference_mode()
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
    """
    if not prompts:
        return
    device = model.model.embed_tokens.weight.device
    capacity = model.config.block_size
    rows = [
        _Row(n, prompt[-(capacity - 1) :], [], np.random.default_rng([sampling.seed, n]))
        for n, prompt in enumerate(prompts)
    ]
    cache = _new_cache(model, len(rows))
    scores = _read(model, cache, [row.context for row in rows], device)
    while rows:
        chosen = _choose(scores, rows, sampling)
        for row, id in zip(rows, chosen, strict=True):
            row.written.append(id)
            row.context.append(id)
        yield [(row.number, id) for row, id in zip(rows, chosen, strict=True)]
        live = [
            n
            for n, row in enumerate(rows)
            if row.written[-1] not in stop and len(row.written) < sampling.max_new_tokens
        ]
        if len(live) < len(rows):
            rows = [rows[n] for n in live]
            cache.keep(torch.tensor(live, dtype=torch.int64, device=device))
        if not rows:
            return
        for n, row in enumerate(rows):
            if len(row.context) > capacity:
                row.context = row.context[-(capacity // 2) :]
                _reread(model, cache, n, row.context[:-1], device)
        cache.longest = max(len(row.context) for row in rows) - 1
        last = torch.tensor([[row.context[-1]] for row in rows], device=device)
        hidden = model(last, cache=cache)
        cache.advance(1)
        scores = model.logits(hidden[:, -1]).float()


def generate(model: Transformer, prompts: list[list[int]], sampling: Sampling, stop: set[int]) -> list[Generated]:
    """Write all rows to their end. See `stream`."""
    written: list[list[int]] = [[] for _ in prompts]
    for step in stream(model, prompts, sampling, stop):
        for row, id in step:
            written[row].append(id)
    return [Generated(ids[:-1], True) if ids and ids[-1] in stop else Generated(ids, False) for ids in written]


def _new_cache(model: Transformer, rows: int) -> KVCache:
    weight = model.model.embed_tokens.weight
    return KVCache(model.config, rows, model.config.block_size, weight.device, weight.dtype)


def _read(model: Transformer, cache: KVCache, contexts: list[list[int]], device: torch.device) -> Tensor:
    """Read whole contexts into an empty cache; return the scores of each row's next token (rows, vocab_size)."""
    lengths = torch.tensor([len(context) for context in contexts], device=device)
    width = max(map(len, contexts))
    ids = torch.tensor([context + [0] * (width - len(context)) for context in contexts], device=device)
    hidden = model(ids, cache=cache)
    cache.advance(width, lengths)
    last = hidden[torch.arange(len(contexts), device=device), lengths - 1]
    return model.logits(last).float()


def _reread(model: Transformer, cache: KVCache, row: int, context: list[int], device: torch.device) -> None:
    """Replace what one row of the cache holds by a new context."""
    fresh = _new_cache(model, 1)
    _read(model, fresh, [context], device)
    for layer in range(len(cache.keys)):
        cache.keys[layer][row] = fresh.keys[layer][0]
        cache.values[layer][row] = fresh.values[layer][0]
    cache.lengths[row] = len(context)


def _choose(scores: Tensor, rows: list[_Row], sampling: Sampling) -> list[int]:
    """The next id of each row."""
    if sampling.repetition_penalty != 1.0:
        for n, row in enumerate(rows):
            seen = torch.tensor(sorted(set(row.written)), dtype=torch.int64, device=scores.device)
            values = scores[n, seen]
            scores[n, seen] = torch.where(
                values > 0, values / sampling.repetition_penalty, values * sampling.repetition_penalty
            )
    if sampling.temperature == 0:
        return scores.argmax(dim=-1).tolist()
    ordered, ids = (scores / sampling.temperature).sort(dim=-1, descending=True, stable=True)
    if sampling.top_k:
        ordered, ids = ordered[:, : sampling.top_k], ids[:, : sampling.top_k]
    shares = ordered.softmax(dim=-1)
    before = shares.cumsum(dim=-1) - shares
    shares = shares.masked_fill(before >= sampling.top_p, 0.0)  # the likeliest token always stays: before it is 0
    sums = shares.cumsum(dim=-1)
    draws = torch.tensor([row.random.random() for row in rows], device=scores.device)[:, None] * sums[:, -1:]
    places = (sums <= draws).sum(dim=-1, keepdim=True).clamp(max=ids.shape[1] - 1)
    return ids.gather(1, places)[:, 0].tolist()
