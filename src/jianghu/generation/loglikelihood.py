"""How likely a model finds given answers. Pairs of prompt and answer ids go in; nats come out."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..model import KVCache, Transformer


@torch.inference_mode()
def loglikelihoods(model: Transformer, pairs: list[tuple[list[int], list[int]]], batch_size: int = 32) -> list[float]:
    """Log-probability in nats of each answer, given its prompt.

    Args:
        model: in evaluation mode.
        pairs: (prompt, answer) ids, neither empty; a pair longer than block_size loses the front of its prompt.
    """
    device = model.model.embed_tokens.weight.device
    limit = model.config.block_size + 1
    sums: list[float] = []
    for at in range(0, len(pairs), batch_size):
        part = pairs[at : at + batch_size]
        rows = [(prompt + answer)[-limit:] for prompt, answer in part]
        width = max(map(len, rows)) - 1
        ids = torch.zeros(len(rows), width, dtype=torch.int64)
        targets = torch.full((len(rows), width), -100)
        for n, (row, (_, answer)) in enumerate(zip(rows, part, strict=True)):
            ids[n, : len(row) - 1] = torch.tensor(row[:-1])
            first = max(0, len(row) - 1 - len(answer))
            targets[n, first : len(row) - 1] = torch.tensor(row[first + 1 :])
        logits = model.logits(model(ids.to(device))).float()
        nats = F.cross_entropy(logits.transpose(1, 2), targets.to(device), ignore_index=-100, reduction="none")
        sums += (-nats.sum(dim=1)).tolist()
    return sums


@torch.inference_mode()
def choice_loglikelihoods(model: Transformer, prompt: list[int], answers: list[list[int]]) -> list[float]:
    """Log-probability in nats of each of several answers to one prompt, which is read once for all of them.

    Args:
        model: in evaluation mode.
        prompt: not empty; it loses its front where it does not fit in block_size with the longest answer.
        answers: ids of each, none empty.
    """
    weight = model.model.embed_tokens.weight
    device, width = weight.device, max(map(len, answers))
    prompt = prompt[-max(1, model.config.block_size - width + 1) :]
    cache = KVCache(model.config, 1, len(prompt) + width, device, weight.dtype)
    last = model(torch.tensor([prompt], device=device), cache=cache)[:, -1:]
    cache.advance(len(prompt))
    ids = torch.tensor([answer + [0] * (width - len(answer)) for answer in answers], device=device)
    scored = torch.arange(width, device=device) < torch.tensor([[len(answer)] for answer in answers], device=device)
    hidden = last.expand(len(answers), -1, -1)  # (answers, 1, D); it scores each answer's first token
    if width > 1:
        cache.repeat(len(answers))
        hidden = torch.cat((hidden, model(ids[:, :-1], cache=cache)), dim=1)
    nats = F.cross_entropy(model.logits(hidden).float().transpose(1, 2), ids, reduction="none")
    return (-nats * scored).sum(dim=1).tolist()
