"""The training loop, for pretraining and fine-tuning alike: only the source of batches differs.

A model, a tokenizer and batches go in; checkpoints, metrics and samples come out. A run that is killed at any
moment and resumed ends, on a CPU, with the same weights to the last bit.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console
from torch import Tensor

from .. import files
from ..computing import abilities
from ..dataset import BatchSource
from ..errors import InputError, InterruptedByUser, RunError
from ..machine import peak_flops
from ..messages import tr
from ..model import Transformer, save_adapter, save_checkpoint
from ..progress import Progress, short
from ..recipe import TrainSettings
from ..signals import stoppable
from ..tokenizer import Tokenizer
from .evaluator import Evaluation, Evaluator, Prompt, Scorer
from .metrics import Meter, divergence, facts_of, overfitting
from .state import RunFolder, TrainState
from .step import TrainStep
from .world import World


@dataclass(frozen=True)
class Result:
    """How a run ended: its last step, and the step and validation loss (bits per character) of the best.

    With a scorer the best is the one with the highest score, and both best scores are given: of the weights, and of
    their running mean if the run keeps one. `best_others` is what else was measured there, by its name in
    metrics.jsonl.
    """

    step: int
    best_step: int
    best_val: float
    best_score: float | None = None
    best_ema_score: float | None = None
    best_others: dict[str, float] = field(default_factory=dict)


class Trainer:
    """Trains one model in one run folder.

    Args:
        run: the folder; nothing of an older run may be there unless `resume` is given.
        settings: of this run.
        model: on its device, or sharded over the processes; weights drawn or loaded.
        source: batches on the same device.
        prompts: what the samples continue.
        about: goes into each checkpoint's jianghu.json, with step and validation loss.
        resume_command: what to type to go on, for the message after Ctrl-C.
        gentle_command: what to type, with `--learning-rate`, to go on after the run diverged.
        world: the processes that train together, each with a trainer of its own; only the first one writes.
        scorer: chooses the checkpoints `best` and `ema`, and ends the run by `patience`, instead of the validation
            loss. It is asked at each evaluation, for the weights and for their running mean, in every process; the
            first process's number counts.
        resume: go on from the saved state.

    Raises:
        InputError: there is nothing to resume, or it is damaged or of another model, or of another base.
    """

    def __init__(
        self,
        run: RunFolder,
        settings: TrainSettings,
        model: Transformer,
        tokenizer: Tokenizer,
        source: BatchSource,
        prompts: list[Prompt],
        about: Mapping[str, object],
        resume_command: str,
        console: Console | None = None,
        world: World | None = None,
        scorer: Scorer | None = None,
        resume: bool = False,
        gentle_command: str = "",
    ) -> None:
        self.run, self.model, self.tokenizer = run, model, tokenizer
        self.about, self.resume_command = about, resume_command
        self.gentle_command = gentle_command or resume_command
        self.world = world or World()
        self.console = console if self.world.writes else Console(file=io.StringIO())
        tensors, self.state = run.load_state() if resume else ({}, TrainState())
        self.stepper = TrainStep(settings, model, source, self.world, self.state)
        self.settings = settings = self.stepper.settings
        self.base = self.stepper.base()
        if resume:
            self._restore(tensors)
        self.state.base, self.state.came_from = self.base, str(about.get("from", ""))
        peak = peak_flops(self.stepper.device, self.stepper.dtype) * self.world.size
        self.meter = Meter(settings, model, source, self.world, self.state, peak, self.stepper.objective)
        passes = 2 if self.stepper.ema else 1
        self.evaluator = Evaluator(
            settings, self.stepper.whole, tokenizer, source, prompts, self.world, self.stepper.autocast, passes, scorer
        )
        self._just_resumed, self._saved_step = resume, self.state.step if resume else None
        self._warned_of = -1  # the best step that a warning of overfitting named

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        if self.state.base != self.base:
            raise InputError(
                tr(
                    "{path}: its adapter belongs to another base model than the one that was loaded. Put that back, or "
                    "start anew with --restart.",
                    path=self.run.state,
                )
            )
        try:
            self.stepper.restore(tensors)
        except (KeyError, RuntimeError):
            refusal = tr("{path}: of another model than the recipe's. Start anew with --restart.", path=self.run.state)
            raise InputError(refusal) from None
        if self.world.writes:
            self.run.forget_rows_from(self.state.step)

    def train(self, title: str = "training") -> Result:
        """Train to `max_iters`, or until patience ends.

        Raises:
            InterruptedByUser: Ctrl-C, SIGTERM or a closed terminal; everything is saved.
            RunError: the loss, a weight or a score is not a finite number; the last finite state is kept.
        """
        with (
            stoppable() as stopped,
            Progress(title, self.settings.max_iters, self.state.step, self.console) as self._progress,
        ):
            self._progress.note(self.stepper.computing.line(abilities(self.stepper.device).name))
            if self.stepper.compiled:
                self._progress.note(tr("Compiling the first step: about a minute, which makes the others faster."))
            try:
                while True:
                    self._between_steps(self.world.any(stopped.is_set()))
                    if self._ended():
                        break
                    self._step()
            finally:
                self.run.close()
        state = self.state
        if self.evaluator.scorer is None:
            return Result(state.step, state.best_step, state.best_val, best_others=state.best_others)
        ema_score = state.best_ema_score if math.isfinite(state.best_ema_score) else None  # none is scored at step 0
        return Result(state.step, state.best_step, state.best_val, state.best_score, ema_score, state.best_others)

    def _ended(self) -> bool:
        """Whether all steps are taken, or patience is at its end."""
        settings, state = self.settings, self.state
        waited = state.step - state.best_step if state.best_step >= 0 else 0
        return state.step >= settings.max_iters or 0 < settings.patience * settings.eval_interval <= waited

    def _step(self) -> None:
        self._just_resumed = False
        self.meter.start_step()
        loss = self.stepper.take(self.state.step)
        self.state.step += 1
        row = self._checked(self.meter.end_step(loss))
        self._progress.update(self.state.step)
        self._log(row)

    def _between_steps(self, stopped: bool) -> None:
        """Save, validate and log, as far as they are due at this step."""
        step, last = self.state.step, self.state.step >= self.settings.max_iters
        saves = stopped or last or step % self.settings.save_interval == 0
        validates = last or step % self.settings.eval_interval == 0
        if not (saves or validates or self._just_resumed):
            return
        row = self.state.pending or self._checked(self.meter.finish()) or {}
        # 1. The state, before validation, so that a crash there loses no step.
        if saves and not self._just_resumed:
            self.state.pending = row
            self._save_state()
        # 2. Checkpoints; after a resume again, since the crash may have come between the state and them.
        if saves or self._just_resumed:
            self._save_checkpoints()
        if stopped and not last:
            raise InterruptedByUser(
                tr("Stopped at step {step} of {steps}; all of it is saved. Go on with: {command}",
                   step=step, steps=self.settings.max_iters, command=self.resume_command)
            )  # fmt: skip
        # 3. Validation, which may keep the checkpoints `best` and `ema`.
        if validates:
            row = row | self._evaluate(step, row)
        # 4. The row of this step, now complete.
        self.state.pending = None
        self._log(row)
        if validates:
            self._warn_of_overfitting()
            if self._ended() and not saves:  # patience ended between two saves
                self._save_state()
                self._save_checkpoints()

    def _log(self, row: dict[str, float] | None) -> None:
        if not row:
            return
        if "train_loss" in row:
            self._progress.update(self.state.step, loss=f"{row['train_loss']:.3f}")
        if "tokens_per_second" in row:
            self._progress.update(self.state.step, speed=f"{short(row['tokens_per_second'])} tok/s")
        if self.world.writes:
            self.run.log(row)

    def _evaluate(self, step: int, row: dict[str, float]) -> dict[str, float]:
        """Measure, keep the best checkpoints, write samples. Returns what to log."""
        began, state = time.perf_counter(), self.state
        measured = self.evaluator.evaluate(state, self.stepper.ema is not None, self._checkpoint)
        if not math.isfinite(measured["val_bpc"]):
            raise self._diverged(tr("validation loss"), measured["val_bpc"])
        samples = self.evaluator.samples()
        if self.world.writes:
            for prompt, text in samples:
                self.run.add_sample(step, prompt, text)
        self._progress.show("\n".join(f"{prompt} → {text}" for prompt, text in samples))
        state.eval_seconds += time.perf_counter() - began
        self._progress.update(step, **facts_of(measured, row, state))
        return {"step": step, **measured, "eval_seconds": round(state.eval_seconds, 3)}

    def _warn_of_overfitting(self) -> None:
        # Fine-tuning always looks so: the loss on unasked facts rises while the taught ones are learned
        # (docs/experiments.md), and its last checkpoint is the one to take. With a scorer the loss does not say which
        # step is best.
        silent = self.about.get("stage") in ("sft", "dpo") or self.evaluator.scorer is not None
        if self.world.writes and not silent and self._warned_of != self.state.best_step:
            warning = overfitting(files.read_log(self.run.metrics))
            if warning:
                self._warned_of = self.state.best_step
                self._progress.note(warning)

    def _checked(self, row: dict[str, float] | None) -> dict[str, float] | None:
        """The row, whose loss must be finite."""
        if row and not math.isfinite(row.get("train_loss", 0.0)):
            raise self._diverged(tr("loss"), row["train_loss"])
        return row

    def _diverged(self, what: str, value: float = math.nan) -> RunError:
        """The error of a run whose numbers are no longer finite; what was saved before is kept."""
        saved, command, rate = self._saved_step, self.gentle_command, self.settings.peak_rate / 3
        return RunError(divergence(what, value, self.state.step, saved, command, rate))

    def _save_state(self) -> None:
        """Save, unless a number is not finite: the last good state and checkpoints are never replaced by NaN."""
        self.state.losses = self.meter.losses()
        if not all(math.isfinite(means[0]) for means in self.state.losses):
            raise self._diverged(tr("loss"))
        if not self.stepper.is_finite():
            raise self._diverged(tr("largest weight"))
        if not self.stepper.can_go_on(self.evaluator.row):
            raise self._diverged(tr("gradient"))
        tensors = self.stepper.tensors()
        if self.world.writes:
            self.run.save_state(tensors, self.state)
        self._saved_step = self.state.step

    def _save_checkpoints(self) -> None:
        step, every = self.state.step, self.settings.keep_every
        with self.stepper.whole() as model:
            self._checkpoint("last", model)
            if every and step and step % every == 0:
                self._checkpoint(f"step-{step:06d}", model)

    def _checkpoint(self, name: str, model: Transformer, measured: Evaluation | None = None) -> None:
        about = {**self.about, "step": self.state.step, "checkpoint": name}
        if measured is not None:
            about["val_bpc"] = measured.bits
            about |= {} if measured.score is None else {"score": measured.score}
        if not self.world.writes:
            return
        lora, base = self.settings.lora, str(self.about.get("from", ""))
        beside = partial(save_adapter, model=model, settings=lora, base=base) if lora.rank else None
        save_checkpoint(self.run.checkpoints / name, model, self.tokenizer, about, beside)
