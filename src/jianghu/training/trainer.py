"""The training loop, for pretraining and fine-tuning alike: only the source of batches differs.

A model, a tokenizer and batches go in; checkpoints, metrics and samples come out. A run that is killed at any
moment and resumed ends, on a CPU, with the same weights to the last bit.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console

from .. import files
from ..dataset import Batch, BatchSource
from ..errors import InterruptedByUser, RunError
from ..generation import Sampling, generate
from ..machine import peak_flops
from ..messages import tr
from ..model import Transformer, save_checkpoint
from ..progress import Progress, short
from ..recipe import TrainSettings
from ..signals import stoppable
from ..tokenizer import Tokenizer
from .meter import Meter
from .overfit import overfitting
from .run import Progressed, RunFolder
from .step import Stepper
from .world import World

Scorer = Callable[[Transformer], float]
"""A number for a model in evaluation mode, higher is better; the same for the same weights."""


@dataclass(frozen=True)
class Prompt:
    """A beginning that samples continue: its text for people, its ids for the model."""

    text: str
    ids: list[int]


@dataclass(frozen=True)
class Result:
    """How a run ended: its last step, and the step and validation loss (bits per character) of the best.

    With a scorer the best is the one with the highest score, and both best scores are given: of the weights, and of
    their running mean if the run keeps one.
    """

    step: int
    best_step: int
    best_val: float
    best_score: float | None = None
    best_ema_score: float | None = None


class Trainer:
    """Trains one model in one run folder.

    Args:
        run: the folder; nothing of an older run may lie there unless `resume` is given to `train`.
        settings: of this run.
        model: on its device; weights drawn or loaded.
        source: batches on the same device.
        prompts: what the samples continue.
        about: goes into each checkpoint's jianghu.json, with step and validation loss.
        resume_command: what to type to go on, for the message after Ctrl-C.
        world: the processes that train together, each with a trainer of its own; only the first one writes.
        scorer: chooses the checkpoints `best` and `ema`, and ends the run by `patience`, instead of the validation
            loss. It is asked at each evaluation, for the weights and for their running mean, in every process; the
            first process's number counts.
    """

    def __init__(
        self,
        run: RunFolder,
        settings: TrainSettings,
        model: Transformer,
        tokenizer: Tokenizer,
        source: BatchSource,
        prompts: list[Prompt],
        about: dict[str, Any],
        resume_command: str,
        console: Console | None = None,
        world: World | None = None,
        scorer: Scorer | None = None,
    ) -> None:
        self.scorer = scorer
        self.run, self.settings, self.model, self.tokenizer = run, settings, model, tokenizer
        self.source, self.prompts, self.about, self.resume_command = source, prompts, about, resume_command
        self.world = world or World()
        self.console = console if self.world.writes else Console(file=io.StringIO())
        self.at = Progressed()
        self.stepper = Stepper(settings, model, source, self.world)
        self.meter = Meter(settings, model, source, self.world)
        self._warned = -1  # the best step about which overfitting was spoken

    def train(self, resume: bool = False, title: str = "training") -> Result:
        """Train to `max_iters`, or until patience ends, from the start or from the saved state.

        Raises:
            InterruptedByUser: Ctrl-C or SIGTERM; everything is saved.
            RunError: the loss, or a score, is not a finite number.
            InputError: there is nothing to resume.
        """
        if resume:
            self.at = self.run.load_state(self.stepper, truncate=self.world.writes)
        self.stepper.begin(self.at)
        peak = peak_flops(self.stepper.device, self.stepper.dtype) * self.world.size
        self.meter.begin(self.at, peak, self.stepper.compiled)
        self._validation = self._choose_validation()
        loaded = resume
        with (
            stoppable() as stopped,
            Progress(title, self.settings.max_iters, self.at.step, self.console) as self._progress,
        ):
            if self.stepper.compiled:
                self._progress.note("Compiling the first step; this takes about a minute and makes the rest faster.")
            try:
                while True:
                    self._between_steps(self.world.any(stopped.is_set()), loaded)
                    if self._ended():
                        break
                    self._step()
                    loaded = False
            finally:
                self.run.close()
        at = self.at
        if self.scorer is None:
            return Result(at.step, at.best_step, at.best_val)
        mean = at.best_ema_score if math.isfinite(at.best_ema_score) else None  # none is scored at step 0
        return Result(at.step, at.best_step, at.best_val, at.best_score, mean)

    def _choose_validation(self) -> list[Batch]:
        """This process's part of the windows that `eval_share` allows: a step costs three forward passes."""
        settings = self.settings
        rows = settings.batch_size * settings.gradient_accumulation_steps
        most = 3 * settings.eval_share * settings.eval_interval * rows / (2 if self.stepper.ema else 1)
        batches = self.source.validation(max(1, int(most)))
        self._count = sum(batch.count for batch in batches)
        self._characters = sum(batch.characters for batch in batches)
        return batches[self.world.rows(len(batches))]

    def _ended(self) -> bool:
        """Whether all steps are taken, or patience is at its end."""
        settings, at = self.settings, self.at
        waited = at.step - at.best_step if at.best_step >= 0 else 0
        return at.step >= settings.max_iters or 0 < settings.patience * settings.eval_interval <= waited

    def _between_steps(self, stopped: bool, loaded: bool) -> None:
        """Save, validate and log, as far as they are due at this step; saving first, so that a crash in
        validation loses no step. After a resume the checkpoints of the step are written again, since the
        crash may have come between the state and them."""
        step, last = self.at.step, self.at.step >= self.settings.max_iters
        saves = stopped or last or step % self.settings.save_interval == 0
        validates = last or step % self.settings.eval_interval == 0
        if not (saves or validates or loaded):
            return
        row = self.at.pending or self.meter.finish() or {}
        if saves and not loaded:
            self.at.pending = row
            self._save_state()
        if saves or loaded:
            self._save_checkpoints()
        if stopped and not last:
            raise InterruptedByUser(
                tr(
                    "Stopped at step {step} of {steps}; all of it is saved. Go on with: {command}",
                    step=step,
                    steps=self.settings.max_iters,
                    command=self.resume_command,
                )
            )
        if validates:
            row = row | self._evaluate(step, row)
        self.at.pending = None
        self._log(row)
        if validates:
            self._speak_of_overfitting()
            if self._ended() and not saves:  # patience ended between two saves
                self._save_state()
                self._save_checkpoints()

    def _step(self) -> None:
        self.meter.start_step()
        loss = self.stepper.take(self.at.step)
        self.at.step += 1
        row = self.meter.end_step(loss)
        self._progress.update(self.at.step)
        self._log(row)

    def _log(self, row: dict[str, Any] | None) -> None:
        if not row:
            return
        if "train_loss" in row:
            self._progress.update(self.at.step, loss=f"{row['train_loss']:.3f}")
        if "tokens_per_second" in row:
            self._progress.update(self.at.step, speed=f"{short(row['tokens_per_second'])} tok/s")
        if self.world.writes:
            self.run.log(row)

    def _evaluate(self, step: int, row: dict[str, Any]) -> dict[str, Any]:
        """The whole validation set (or its fixed subset), then samples; keeps the best checkpoints."""
        began = time.perf_counter()
        self.model.eval()
        loss, bits = self._validate(self._validation)
        row_of_step = {"step": step, "val_loss": loss, "val_bpc": bits}
        score = self._score(step)
        if score is not None:
            row_of_step["score"] = score
        if self._is_better(bits, self.at.best_val, score, self.at.best_score):
            self.at.best_val, self.at.best_step = bits, step
            self.at.best_score = self.at.best_score if score is None else score
            self._checkpoint("best", step, bits, score)
        if self.stepper.ema and step:
            with self.stepper.ema.in_place():
                mean, mean_score = self._validate(self._validation)[1], self._score(step)
                if self._is_better(mean, self.at.best_ema, mean_score, self.at.best_ema_score):
                    self.at.best_ema = mean
                    self.at.best_ema_score = self.at.best_ema_score if mean_score is None else mean_score
                    self._checkpoint("ema", step, mean, mean_score)
            row_of_step["val_bpc_ema"] = mean
            if mean_score is not None:
                row_of_step["score_ema"] = mean_score
        if self.prompts and self.settings.sample_tokens:
            self._sample(step)
        self.model.train()
        self.at.eval_seconds += time.perf_counter() - began
        facts = {"bits_per_character": f"{bits:.3f}", "best": f"{self.at.best_val:.3f} at {self.at.best_step}"}
        if score is not None:
            facts |= {"score": f"{score:.3f}", "best": f"{self.at.best_score:.3f} at {self.at.best_step}"}
        if "train_bpc" in row:
            facts["gap"] = f"{bits - row['train_bpc']:+.2f}"
        self._progress.update(step, **facts)
        return row_of_step | {"eval_seconds": round(self.at.eval_seconds, 3)}

    def _score(self, step: int) -> float | None:
        """The scorer's number for the model as it is; None without a scorer."""
        if self.scorer is None:
            return None
        # Every process scores the same weights; the first one's number counts, so that rounding cannot part them.
        score = float(self.world.gather(self.scorer(self.model))[0])
        self.model.eval()
        if not math.isfinite(score):
            raise RunError(f"The score at step {step} is {score}: a scorer must give a finite number.")
        return score

    @staticmethod
    def _is_better(bits: float, best_bits: float, score: float | None, best_score: float) -> bool:
        """Whether a validation surpasses the best before it: by score if there is one, else by loss."""
        return bits < best_bits if score is None else score > best_score

    @torch.inference_mode()
    def _validate(self, batches: list[Batch]) -> tuple[float, float]:
        """Nats per token, and bits per character; each process scores its part."""
        nats = torch.zeros((), dtype=torch.float64)
        for batch in batches:
            with self.stepper.autocast():
                nats += self.model.loss(batch.ids, batch.targets, batch.segments, batch.positions).cpu()
        total = self.world.sum(nats).item()
        return total / self._count, total / math.log(2) / self._characters

    def _sample(self, step: int) -> None:
        """Each process continues some of the prompts, so that none waits for another."""
        sampling = Sampling(self.settings.sample_tokens, temperature=0.8, top_k=50, seed=self.settings.seed)
        own = self.prompts[self.world.rows(len(self.prompts))]
        written = generate(self.model, [prompt.ids for prompt in own], sampling, self.tokenizer.stop_ids)
        texts = [
            text for part in self.world.gather([self.tokenizer.written(row.ids) for row in written]) for text in part
        ]
        if self.world.writes:
            for prompt, text in zip(self.prompts, texts, strict=True):
                self.run.add_sample(step, prompt.text, text)
        self._progress.show("\n".join(f"{p.text} → {t}" for p, t in zip(self.prompts, texts, strict=True)))

    def _speak_of_overfitting(self) -> None:
        # Fine-tuning always looks so: the loss on unasked facts rises while the taught ones are learned
        # (docs/experiments.md), and its last checkpoint is the one to take.
        # With a scorer the loss does not say which step is best.
        silent = self.about.get("stage") == "sft" or self.scorer is not None
        if self.world.writes and not silent and self._warned != self.at.best_step:
            words = overfitting(files.read_log(self.run.metrics))
            if words:
                self._warned = self.at.best_step
                self._progress.note(words)

    def _save_state(self) -> None:
        self.at.losses = self.meter.losses()
        if self.world.writes:
            self.run.save_state(self.stepper, self.at)

    def _save_checkpoints(self) -> None:
        step, every = self.at.step, self.settings.keep_every
        self._checkpoint("last", step)
        if every and step and step % every == 0:
            self._checkpoint(f"step-{step:06d}", step)

    def _checkpoint(self, name: str, step: int, bits: float | None = None, score: float | None = None) -> None:
        about = {**self.about, "step": step, "checkpoint": name}
        about |= {key: value for key, value in (("val_bpc", bits), ("score", score)) if value is not None}
        if self.world.writes:
            save_checkpoint(self.run.checkpoints / name, self.model, self.tokenizer, about)
