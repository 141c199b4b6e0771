"""What a run makes small: the likelihood of texts and answers, or preference between two answers (DPO).

A batch goes in; sums over its targets come out, the loss first, then whatever else metrics.jsonl says of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ..computing import Computing
from ..dataset import Batch
from ..dataset.batches import IGNORE
from ..model import Transformer
from ..recipe import DpoSettings, TrainSettings
from .compiling import Loss, make_loss, make_target_nats

NATS = "nats"
"""Of the sums the one that is a text's negative log-likelihood, from which bits per character are reckoned; where none
is called so, it is the loss itself."""


class Objective(Protocol):
    """The sums of a batch, each over the targets that `Batch.count` counts.

    Attributes:
        names: of the sums, the first one `loss`.
    """

    names: tuple[str, ...]

    def sums(self, batch: Batch) -> Tensor:
        """(names,), float32; the first one carries the gradient."""


class Likelihood:
    """Cross-entropy in nats, of running text or of answers; a target is a token."""

    names: tuple[str, ...] = ("loss",)

    def __init__(self, loss: Loss) -> None:
        self._loss = loss

    def sums(self, batch: Batch) -> Tensor:
        """See `Objective`."""
        return self._loss(batch.ids, batch.targets, batch.segments, batch.positions)[None]


class Preference:
    """Direct preference optimisation (DPO; Rafailov et al. 2023, arXiv:2305.18290, equation 7); a target is a pair.

    Beside it, weighted by `sft_weight`, the cross-entropy of the right answer, as a mean over its tokens (Pang et al.
    2024, arXiv:2404.19733, equation 2): without it the right answers may grow less likely too, only more slowly.

    The sums: the loss; the nats of the right answers; the margin, which is beta times the gain of the right answer over
    the reference less that of the worse one; and how many pairs have a margin above zero.

    Args:
        target_nats: the cross-entropy of each target of a batch, compiled or not.
    """

    names: tuple[str, ...] = ("loss", NATS, "margin", "accuracy")

    def __init__(self, settings: DpoSettings, target_nats: Loss) -> None:
        self.settings, self._target_nats = settings, target_nats

    def sums(self, batch: Batch) -> Tensor:
        """See `Objective`."""
        assert batch.references is not None
        settings, known = self.settings, ~batch.references[..., 0].isnan()
        nats, tokens = self._answers(batch)
        nats, tokens, given = nats[known], tokens[known], batch.references[known]  # (pairs, 2)
        margins = preference_margins(-nats, given, settings.beta)
        losses = preference_losses(margins, settings.label_smoothing)
        if settings.sft_weight:
            losses = losses + settings.sft_weight * nats[:, 0] / tokens[:, 0]
        told = nats[:, 0].detach().sum(), margins.detach().sum(), (margins.detach() > 0).sum()
        return torch.stack([losses.sum(), *(value.float() for value in told)])

    def _answers(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood and tokens of each answer of a batch, both (B, pairs of a row, 2)."""
        assert batch.segments is not None
        assert batch.references is not None
        nats = self._target_nats(batch.ids, batch.targets, batch.segments, batch.positions)
        scored = batch.targets != IGNORE
        places = batch.references.shape[1] * 2
        row = torch.arange(len(batch.ids), device=batch.ids.device)[:, None]
        answer = (row * places + batch.segments - 1)[scored]
        zeros = nats.new_zeros(len(batch.ids) * places)
        summed, tokens = zeros.index_add(0, answer, nats), zeros.index_add(0, answer, torch.ones_like(nats))
        shape = (len(batch.ids), -1, 2)
        return summed.view(shape), tokens.view(shape)


def preference_margins(likelihoods: Tensor, references: Tensor, beta: float) -> Tensor:
    """What DPO's sigmoid is taken of: (N,) of log-probabilities (N, 2), of the right and the worse answer each, as the
    model gives them and as the reference does."""
    gains = likelihoods - references
    return beta * (gains[:, 0] - gains[:, 1])


def preference_losses(margins: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """DPO's loss of each pair in nats; with `label_smoothing` that of pairs of which so many are the wrong way round
    (conservative DPO, Mitchell 2023)."""
    return -(1 - label_smoothing) * F.logsigmoid(margins) - label_smoothing * F.logsigmoid(-margins)


def make_objective(settings: TrainSettings, model: Transformer, computing: Computing | None = None) -> Objective:
    """What a run with these settings makes small.

    Args:
        computing: how; None: as it stands, without compilation.
    """
    if isinstance(settings, DpoSettings):
        return Preference(settings, make_target_nats(model, computing) if computing else model.target_nats)
    return Likelihood(make_loss(model, computing) if computing else model.loss)


def figures(
    part: str, objective: Objective, sums: Sequence[float], count: float, characters: float
) -> dict[str, float]:
    """What metrics.jsonl says of sums: each as a mean, such as `train_loss`, and `train_bpc`, bits per character.

    Args:
        part: train or val. count: of targets. characters: that they begin.
    """
    names = objective.names
    nats = sums[names.index(NATS)] if NATS in names else sums[0]
    row = {f"{part}_{name}": value / count for name, value in zip(names, sums, strict=True) if name != NATS}
    return row | {f"{part}_bpc": nats / math.log(2) / characters}
