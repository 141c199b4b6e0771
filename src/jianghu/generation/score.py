"""How likely a model finds given answers. Pairs of prompt and answer ids go in; nats come out."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..model import Transformer


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
