"""The network: features of the candidates of a question → a probability for each, and for "not in the book".

A small feed-forward network scores every candidate alone; a softmax over all of them and one more score, that of no
answer, makes probabilities. Candidates that answer the same are added up afterwards (Kadlec and others 2016, "Text
Understanding with the Attention Sum Reader Network"). Several networks, trained from different seeds, are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .features import FEATURES, WHOLE, Sheet

HIDDEN, OF_WHOLE = 64, 32
"""Widths: of the candidate's first layer, and of the layer for no answer."""
BOUND = 6.0
"""Standard deviations beyond which a feature counts no further."""
_HIDDEN_OUT = -1e4


class Scorer(nn.Module):
    """One network. `mean`, `scale` and their like for the whole make the features comparable."""

    mean: Tensor
    scale: Tensor
    whole_mean: Tensor
    whole_scale: Tensor

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(FEATURES, HIDDEN), nn.Linear(HIDDEN, HIDDEN // 2)
        self.score, self.direct = nn.Linear(HIDDEN // 2, 1), nn.Linear(FEATURES, 1)
        self.none = nn.Sequential(nn.Linear(WHOLE, OF_WHOLE), nn.GELU(), nn.Linear(OF_WHOLE, 1))
        self.drop = nn.Dropout(dropout)
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.register_buffer("whole_mean", torch.zeros(WHOLE))
        self.register_buffer("whole_scale", torch.ones(WHOLE))

    def forward(self, batch: Batch) -> Tensor:
        """Logarithms of probabilities, (B, candidates + 1): the last is that of no answer."""
        x = ((batch.rows.float() - self.mean) * self.scale).clamp(-BOUND, BOUND)  # (B, C, FEATURES)
        whole = ((batch.whole - self.whole_mean) * self.whole_scale).clamp(-BOUND, BOUND)
        h = self.drop(functional.gelu(self.first(x)))
        h = self.drop(functional.gelu(self.second(h)))
        scores = (self.score(h) + self.direct(x)).squeeze(-1)
        scores = scores.masked_fill(~batch.there, _HIDDEN_OUT)
        return torch.log_softmax(torch.cat([scores, self.none(self.drop(whole))], 1), 1)


@dataclass(frozen=True)
class Batch:
    """Some questions, padded to the same number of candidates; `there` marks those that are none of the padding."""

    rows: Tensor
    whole: Tensor
    there: Tensor


def collate(sheets: Sequence[Sheet]) -> Batch:
    """Pad sheets to a batch."""
    most = max(len(one.rows) for one in sheets)
    rows = np.zeros((len(sheets), most, FEATURES), np.float32)
    there = np.zeros((len(sheets), most), bool)
    for n, one in enumerate(sheets):
        count = len(one.rows)
        rows[n, :count], there[n, :count] = one.rows, True
    whole = np.stack([one.whole for one in sheets])
    return Batch(*map(torch.from_numpy, (rows, whole, there)))


class Network(nn.Module):
    """The average of several scorers."""

    def __init__(self, scorers: Sequence[Scorer]) -> None:
        super().__init__()
        self.scorers = nn.ModuleList(scorers)

    @torch.no_grad()
    def probabilities(self, sheets: Sequence[Sheet]) -> list[np.ndarray]:
        """For each question (candidates + 1,): the last is that of no answer."""
        self.eval()
        result: list[np.ndarray] = []
        for at in range(0, len(sheets), 32):
            part = sheets[at : at + 32]
            batch = collate(part)
            mean = torch.stack([scorer(batch).exp() for scorer in self.scorers]).mean(0).numpy()
            result += [np.append(row[: len(one.rows)], row[-1]) for row, one in zip(mean, part, strict=True)]
        return result


def standardise(scorer: Scorer, sheets: Sequence[Sheet]) -> None:
    """Set what makes the features comparable from the training questions."""
    rows = np.concatenate([one.rows for one in sheets]).astype(np.float32)
    whole = np.stack([one.whole for one in sheets])
    for name, values in (("", rows), ("whole_", whole)):
        getattr(scorer, f"{name}mean").copy_(torch.from_numpy(values.mean(0)))
        getattr(scorer, f"{name}scale").copy_(torch.from_numpy(1 / np.maximum(values.std(0), 0.05)))
