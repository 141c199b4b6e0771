"""How the next token is chosen. Scores of many rows go in, each row with settings of its own; ids come out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..messages import tr
from ..recipe import SampleSettings

MIN_TEMPERATURE = 1e-4
"""A lower temperature is greedy: dividing by it leaves nothing but the likeliest token, and may leave float32."""
RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0.0, 100.0),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repetition_penalty": (0.01, 100.0),
    "presence_penalty": (-100.0, 100.0),
    "frequency_penalty": (-100.0, 100.0),
}
"""Least and greatest value of each real setting: within them float32 holds every product and quotient."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; the defaults are greedy.

    The three penalties fall on tokens that this answer has already written, not on the prompt: a question's names
    are what its answer needs. `repetition_penalty` divides (CTRL, Keskar et al. 2019); `presence_penalty` and
    `frequency_penalty` are subtracted once, and once for each time (OpenAI's API).

    `top_k`, `top_p` and `min_p` leave the unlikely tokens out: all but the k likeliest, all but the likeliest that
    together have this probability, all below this share of the likeliest one's (Nguyen et al. 2024).

    `logprobs` asks for the log-probability of each token, as the model itself gives it (before penalties and
    temperature), and for that many of the likeliest ones.

    Raises:
        InputError: a setting is outside its range.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logprobs: int | None = None
    min_p: float = 0.0

    @classmethod
    def from_settings(cls, settings: SampleSettings) -> Sampling:
        """As `[sample]` of a recipe says."""
        return cls(
            settings.max_new_tokens,
            settings.temperature,
            settings.top_k,
            settings.top_p,
            settings.repetition_penalty,
            settings.seed,
        )

    def __post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and least <= value <= most):
                raise InputError(
                    tr(
                        "{name} is {value}; it must lie between {least} and {most}.",
                        name=name,
                        value=value,
                        least=f"{least:g}",
                        most=f"{most:g}",
                    )
                )
        if min(self.max_new_tokens, self.top_k, self.logprobs or 0) < 0:
            raise InputError(tr("max_new_tokens, top_k and logprobs cannot be negative."))

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is taken each time."""
        return self.temperature < MIN_TEMPERATURE

    @property
    def penalised(self) -> bool:
        """Whether what was written changes what comes next."""
        return self.repetition_penalty != 1.0 or self.presence_penalty != 0.0 or self.frequency_penalty != 0.0


class Sampler:
    """Chooses for some rows at once. What a row gets does not depend on the rows beside it.

    Args:
        samplings: the settings of each row.
        written: what each row has written so far.

    Attributes:
        finite: of each row, whether its scores were numbers when it last chose; -inf is that of a token shut out.
    """

    def __init__(self, samplings: list[Sampling], written: list[list[int]], vocab_size: int, device: torch.device):
        self.samplings, self.vocab_size, self.device = samplings, vocab_size, device
        self.drawn = [n for n, sampling in enumerate(samplings) if not sampling.greedy]
        rows = [samplings[n] for n in self.drawn]
        self._where = torch.tensor(self.drawn, dtype=torch.int64, device=device)
        self._temperature = self._column([row.temperature for row in rows])
        # Two ways to cut off the unlikely ones: among the k likeliest, which is cheap, or among all, which sorts them.
        few = [n for n, row in enumerate(rows) if 0 < row.top_k < vocab_size]
        many = [n for n, row in enumerate(rows) if n not in few and row.top_p < 1]
        self._few = _Cut(few, [row.top_k for row in rows], rows, device)
        self._all = _Cut(many, [0] * len(rows), rows, device)
        self._min_p = self._column([row.min_p for row in rows]) if any(row.min_p > 0 for row in rows) else None
        self.finite = torch.ones(len(samplings), dtype=torch.bool, device=device)
        self.counts: Tensor | None = None
        if any(sampling.penalised for sampling in samplings):
            counts = np.stack([np.bincount(np.array(ids, dtype=np.int64), minlength=vocab_size) for ids in written])
            self.counts = torch.tensor(counts, dtype=torch.float32, device=device)
            self._repetition = self._column([sampling.repetition_penalty for sampling in samplings])
            self._presence = self._column([sampling.presence_penalty for sampling in samplings])
            self._frequency = self._column([sampling.frequency_penalty for sampling in samplings])

    def choose(self, scores: Tensor, draws: list[float]) -> Tensor:
        """The next id of each row, int64 (rows,), on the device.

        Args:
            scores: float32 (rows, vocab_size).
            draws: a number in [0, 1) for each row of `drawn`.
        """
        scores = self._penalise(scores)
        ids = _argmax(scores)
        self.finite = scores.gather(1, ids[:, None])[:, 0].isfinite()  # what is no number is greater than all
        if self.drawn:
            ids[self._where] = self._draw(scores[self._where], self._column(draws))
        if self.counts is not None:
            self.counts.scatter_add_(1, ids[:, None], torch.ones_like(ids[:, None], dtype=torch.float32))
        return ids

    def _penalise(self, scores: Tensor) -> Tensor:
        if self.counts is None:
            return scores
        seen = self.counts > 0
        milder = torch.where(scores > 0, scores / self._repetition, scores * self._repetition)
        return torch.where(seen, milder - self._presence, scores) - self._frequency * self.counts

    def _draw(self, scores: Tensor, draws: Tensor) -> Tensor:
        """Draw by the inverse of the distribution function over ids in their order, so that ties need no order."""
        scores = scores / self._temperature
        if self._min_p is not None:
            scores.masked_fill_(scores < scores.amax(dim=-1, keepdim=True) + self._min_p.log(), -torch.inf)
        for cut in (self._few, self._all):
            cut.apply(scores)
        sums = scores.softmax(dim=-1).cumsum(dim=-1)
        return torch.searchsorted(sums, draws * sums[:, -1:], right=True)[:, 0].clamp(max=self.vocab_size - 1)

    def _column(self, values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device)[:, None]


def _argmax(scores: Tensor) -> Tensor:
    """The place of each row's greatest score, (rows,), the first of equal ones; on a CPU NumPy is ten times as fast."""
    if scores.device.type == "cpu":
        return torch.from_numpy(scores.numpy().argmax(axis=-1))
    return scores.argmax(dim=-1)


class _Cut:
    """Top-k and top-p for those rows that ask for it: scores below a row's own threshold become -inf.

    Args:
        places: the rows that are cut.
        top_k: of every row; 0: all tokens.
    """

    def __init__(self, places: list[int], top_k: list[int], rows: list[Sampling], device: torch.device) -> None:
        self.empty = not places
        self.width = max((top_k[n] for n in places), default=0)  # 0: all
        self._where = torch.tensor(places, dtype=torch.int64, device=device)
        self._top_k = torch.tensor([top_k[n] or 1 << 62 for n in places], device=device)[:, None]
        shares = [rows[n].top_p if rows[n].top_p < 1 else 2.0 for n in places]  # rounding must not cut at a share of 1
        self._top_p = torch.tensor(shares, dtype=torch.float32, device=device)[:, None]

    def apply(self, scores: Tensor) -> None:
        if self.empty:
            return
        own = scores[self._where]
        best = own.topk(self.width).values if self.width else own.sort(dim=-1, descending=True).values
        kept = torch.arange(best.shape[1], device=own.device) < self._top_k
        shares = best.masked_fill(~kept, -torch.inf).softmax(dim=-1)
        kept &= shares.cumsum(dim=-1) - shares < self._top_p
        kept[:, 0] = True  # the likeliest always stays, also where the share is 0
        threshold = best.gather(1, kept.sum(dim=-1, keepdim=True) - 1)
        scores[self._where] = own.masked_fill(own < threshold, -torch.inf)


@dataclass(frozen=True)
class Likelihood:
    """Log-probability (nats) of a written token, and (id, log-probability) of the likeliest ones."""

    logprob: float
    top: list[tuple[int, float]]


def likelihoods(scores: Tensor, ids: Tensor, most: int) -> list[Likelihood]:
    """Of each row's chosen id; scores (rows, vocab_size) as the model gave them."""
    shares = scores.log_softmax(dim=-1)
    chosen = shares.gather(1, ids[:, None])[:, 0].tolist()
    values, places = shares.topk(min(most, shares.shape[1])) if most else (shares[:, :0], ids[:, None][:, :0])
    return [
        Likelihood(own, list(zip(row_ids, row_values, strict=True)))
        for own, row_ids, row_values in zip(chosen, places.tolist(), values.tolist(), strict=True)
    ]
