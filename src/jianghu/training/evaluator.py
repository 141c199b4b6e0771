"""What a run is measured by: validation loss, a scorer's number, and samples. The model as it is now goes in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch

from ..dataset import Batch, BatchSource
from ..errors import RunError
from ..generation import Sampling, generate
from ..messages import tr
from ..model import Transformer
from ..recipe import TrainSettings
from ..tokenizer import Tokenizer
from .objective import Objective, figures, make_objective
from .state import TrainState
from .world import World

Scorer = Callable[[Transformer], float]
"""A number for a model in evaluation mode, higher is better; the same for the same weights. Where it has an attribute
`noise`, two scores that differ by less are taken as equal, and of equal ones the later checkpoint is the best: it has
learned longer, at a lower rate."""


Whole = Callable[[bool], AbstractContextManager[Transformer]]
"""Opens the model as it is used, in evaluation mode; given True, with the mean of its weights."""


@dataclass(frozen=True)
class Prompt:
    """A beginning that samples continue: its text for people, its ids for the model."""

    text: str
    ids: list[int]


@dataclass(frozen=True)
class Evaluation:
    """Validation loss in nats per target and in bits per character, and the scorer's number if there is a scorer;
    `others` is what else the objective measures, by its name in metrics.jsonl."""

    loss: float
    bits: float
    score: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)

    def surpasses(self, bits: float, score: float, step: int = -1, noise: float = 0.0) -> bool:
        """Whether it is better than the best before it: by score if there is one, else by loss.

        Args:
            step: of the best before it. A score of the model as it was given, which is often 0, is surpassed by an
                equal one: what was trained has learned more than such a score can show.
            noise: by how much scores differ by chance.
        """
        if self.score is None:
            return self.bits < bits
        return self.score > score - noise or (self.score == score and step == 0)


Keep = Callable[[str, Transformer, Evaluation], None]
"""Writes a model under a checkpoint's name, with what it was measured by."""


class Evaluator:
    """Measures one model while it trains; every process does its part.

    Args:
        whole: gives the model as it is used, with all weights, or with their mean; see `TrainStep.whole`.
        autocast: gives the arithmetic of the forward pass.
        passes: forward passes over the validation windows at each evaluation.
    """

    def __init__(
        self,
        settings: TrainSettings,
        whole: Whole,
        tokenizer: Tokenizer,
        source: BatchSource,
        prompts: list[Prompt],
        world: World,
        autocast: Callable[[], AbstractContextManager[None]],
        passes: int = 1,
        scorer: Scorer | None = None,
    ) -> None:
        self.settings, self.whole, self.tokenizer, self.world = settings, whole, tokenizer, world
        self.prompts, self.autocast, self.scorer = prompts, autocast, scorer
        # A trained row costs three forward passes, a validated one costs one.
        most = 3 * settings.eval_share * settings.eval_interval * settings.rows_per_step / passes
        batches = source.validation(max(1, int(most)))
        self.row = _first_row(batches[0])
        self._sizes: dict[str, tuple[int, int]] = {}  # targets and characters of each part of the validation text
        for batch in batches:
            count, characters = self._sizes.get(batch.part, (0, 0))
            self._sizes[batch.part] = (count + batch.count, characters + batch.characters)
        self._batches = batches[world.rows(len(batches))]

    def measure(self, model: Transformer, step: int) -> Evaluation:
        """Loss and score of a model.

        Raises:
            RunError: the scorer gave no finite number.
        """
        objective = make_objective(self.settings, model)
        sums = self.world.sum(self._sums(objective)).tolist()
        count, characters = (sum(sizes) for sizes in zip(*self._sizes.values(), strict=True))
        row = figures("val", objective, [sum(column) for column in zip(*sums, strict=True)], count, characters)
        if len(self._sizes) > 1:
            for (part, sizes), own in zip(self._sizes.items(), sums, strict=True):
                row[f"val_bpc_{part}"] = figures("val", objective, own, *sizes)["val_bpc"]
        return Evaluation(row.pop("val_loss"), row.pop("val_bpc"), self._score(model, step), row)

    def evaluate(self, state: TrainState, mean: bool, keep: Keep) -> dict[str, float]:
        """Measure the weights, then their mean; have the best of each kept, and note them in the state.

        Args:
            mean: whether the run keeps a mean.
            keep: writes a model as a checkpoint of this name.

        Returns:
            What metrics.jsonl says of it.
        """
        with self.whole(False) as model:
            now = self.measure(model, state.step)
            # Beside the highest score of all, not that of the best checkpoint, so that it cannot sink little by little.
            highest = max(state.highest_score, state.best_score)
            if now.surpasses(state.best_val, highest, state.best_step, getattr(self.scorer, "noise", 0.0)):
                state.highest_score = highest if now.score is None else max(highest, now.score)
                state.best_val, state.best_step = now.bits, state.step
                state.best_score = state.best_score if now.score is None else now.score
                state.best_others = dict(now.others)
                keep("best", model, now)
        row = {"val_loss": now.loss, "val_bpc": now.bits, **now.others, "score": now.score}
        if mean and state.step:
            with self.whole(True) as model:
                ema = self.measure(model, state.step)
                if ema.surpasses(state.best_ema, state.best_ema_score):
                    state.best_ema = ema.bits
                    state.best_ema_score = state.best_ema_score if ema.score is None else ema.score
                    keep("ema", model, ema)
            row |= {"val_bpc_ema": ema.bits, "score_ema": ema.score}
        return {key: value for key, value in row.items() if value is not None}

    @torch.inference_mode()
    def _sums(self, objective: Objective) -> torch.Tensor:
        sums = torch.zeros(len(self._sizes), len(objective.names), dtype=torch.float64)
        parts = list(self._sizes)
        for batch in self._batches:
            with self.autocast():
                sums[parts.index(batch.part)] += objective.sums(batch).cpu()
        return sums

    def _score(self, model: Transformer, step: int) -> float | None:
        """The scorer's number; None without a scorer."""
        if self.scorer is None:
            return None
        # Every process scores the same weights; the first one's number counts, so that rounding cannot part them.
        score = float(self.world.gather(self.scorer(model))[0])
        model.eval()
        if not math.isfinite(score):
            raise RunError(
                tr("The score at step {step} is {score}: a scorer must give a finite number.", step=step, score=score)
            )
        return score

    def samples(self) -> list[tuple[str, str]]:
        """Each prompt with its continuation; each process continues some, so that none waits for another."""
        settings = self.settings
        if not (self.prompts and settings.sample_tokens):
            return []
        sampling = Sampling(settings.sample_tokens, temperature=0.8, top_k=50, seed=settings.seed)
        own = self.prompts[self.world.rows(len(self.prompts))]
        with self.whole(False) as model:
            written = generate(model, [prompt.ids for prompt in own], sampling, self.tokenizer.stop_ids)
        parts = self.world.gather([self.tokenizer.written(row.ids) for row in written])
        texts = [text for part in parts for text in part]
        return [(prompt.text, text) for prompt, text in zip(self.prompts, texts, strict=True)]


def _first_row(batch: Batch) -> Batch:
    parts = (batch.segments, batch.positions, batch.references)
    segments, positions, references = (None if part is None else part[:1] for part in parts)
    return Batch(batch.ids[:1], batch.targets[:1], batch.count, segments, positions, references=references)
