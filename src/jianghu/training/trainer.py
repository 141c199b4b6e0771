"""The training loop, for pretraining and fine-tuning alike: only the source of batches differs.

A model, a tokenizer and batches go in; checkpoints, metrics and samples come out. A run that is killed at any
moment and resumed ends, on a CPU, with the same weights to the last bit.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from ..dataset import Batch, BatchSource
from ..errors import InterruptedByUser, RunError
from ..generation import Sampling, generate
from ..model import Transformer, save_checkpoint
from ..progress import Progress, short
from ..recipe import TrainSettings
from ..signals import stoppable
from ..tokenizer import Tokenizer
from .device import peak_flops, pick_dtype
from .optimizer import make_optimizers
from .run import Progressed, RunFolder
from .schedule import learning_rate


@dataclass(frozen=True)
class Prompt:
    """A beginning that samples continue: its text for people, its ids for the model."""

    text: str
    ids: list[int]


@dataclass(frozen=True)
class Result:
    """How a run ended: its last step, and the step and validation loss (bits per character) of the best."""

    step: int
    best_step: int
    best_val: float


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
    ) -> None:
        self.run, self.settings, self.model, self.tokenizer = run, settings, model, tokenizer
        self.source, self.prompts, self.about, self.resume_command = source, prompts, about, resume_command
        self.console = console
        self.device = model.model.embed_tokens.weight.device
        self.dtype = pick_dtype(settings, self.device)
        self.optimizers = make_optimizers(model, settings)
        compiled = settings.compile == "on" or (settings.compile == "auto" and self.device.type == "cuda")
        self._loss = torch.compile(model.loss, dynamic=False) if compiled else model.loss
        self.at = Progressed()
        self._losses: list[Tensor] = []
        self._peak = 0.0
        self._interval: tuple[int, float] | None = None  # tokens and seconds since the last row

    def train(self, resume: bool = False, title: str = "training") -> Result:
        """Train to `max_iters`, from the start or from the saved state.

        Raises:
            InterruptedByUser: Ctrl-C or SIGTERM; everything is saved.
            RunError: the loss is no longer a number.
            InputError: there is nothing to resume.
        """
        if resume:
            self.at = self.run.load_state(self.model, self.optimizers)
            self._losses = [torch.tensor(loss, device=self.device) for loss in self.at.losses]
        self._peak = peak_flops(self.device, self.dtype)
        rows = self.settings.batch_size * self.settings.gradient_accumulation_steps
        most = 3 * self.settings.eval_share * self.settings.eval_interval * rows  # a step costs three forward passes
        self._validation = self.source.validation(max(1, int(most)))
        loaded = resume
        with (
            stoppable() as stopped,
            Progress(title, self.settings.max_iters, self.at.step, self.console) as self._progress,
        ):
            try:
                while True:
                    self._between_steps(stopped.is_set(), loaded)
                    if self.at.step >= self.settings.max_iters:
                        break
                    self._step()
                    loaded = False
            finally:
                self.run.close()
        return Result(self.at.step, self.at.best_step, self.at.best_val)

    def _between_steps(self, stopped: bool, loaded: bool) -> None:
        """Save, validate and log, as far as they are due at this step; saving first, so that a crash in
        validation loses no step. After a resume the checkpoints of the step are written again, since the
        crash may have come between the state and them."""
        step, last = self.at.step, self.at.step >= self.settings.max_iters
        if not loaded and (stopped or last or step % self.settings.save_interval == 0):
            self._save_state()
        if loaded or stopped or last or step % self.settings.save_interval == 0:
            self._save_checkpoints()
        if stopped and not last:
            raise InterruptedByUser(
                f"Stopped at step {step} of {self.settings.max_iters}; all of it is saved. "
                f"Go on with: {self.resume_command}"
            )
        row = self.at.pending or {}
        if last or step % self.settings.eval_interval == 0:
            row |= self._evaluate(step)
        self.at.pending = None
        if row:
            self.run.log({"step": step, **row})

    def _step(self) -> None:
        settings, step = self.settings, self.at.step
        began = time.perf_counter()
        self.optimizers.set_learning_rate(learning_rate(step, settings))
        accumulate = settings.gradient_accumulation_steps
        batches = [self.source.batch(step * accumulate + micro) for micro in range(accumulate)]
        count = sum(batch.count for batch in batches)
        total = torch.zeros((), device=self.device)
        for micro, batch in enumerate(batches):
            if settings.dropout:
                # Dropout as a function of the step, so that resume needs no state of random generators.
                torch.manual_seed(settings.seed + 1_000_003 * (step * accumulate + micro + 1))
            with self._autocast():
                loss = self._loss(batch.ids, batch.targets, batch.segments, batch.positions) / count
            loss.backward()
            total += loss.detach()
        if settings.grad_clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.grad_clip)
        self.optimizers.step()
        self.optimizers.zero_grad()
        self._losses.append(total)
        self.at.step = step + 1
        self._account(began, sum(batch.ids.numel() for batch in batches))

    def _account(self, began: float, tokens: int) -> None:
        """Keep the clock, and make the metrics row when one is due. Reading a loss waits for the device, so
        that is done only then."""
        settings, step = self.settings, self.at.step
        due = step % settings.log_interval == 0 or step == settings.max_iters
        mean = torch.stack(self._losses).mean().item() if due else 0.0
        if self._interval is None:  # the first step compiles and warms up; it is not training speed
            self._interval = (0, 0.0)
        else:
            passed = time.perf_counter() - began
            self.at.seconds += passed
            self._interval = (self._interval[0] + tokens, self._interval[1] + passed)
        if not due:
            self._progress.update(step)
            return
        if not math.isfinite(mean):
            raise RunError(
                f"The loss is {mean} at step {step}: training has diverged. Lower learning_rate or raise "
                "warmup_iters, and begin anew with --restart; the checkpoints saved so far are whole."
            )
        self._losses.clear()
        row: dict[str, Any] = {
            "tokens": step * tokens,
            "epochs": round(step * settings.gradient_accumulation_steps / self.source.batches_per_epoch, 4),
            "seconds": round(self.at.seconds, 3),
            "train_loss": mean,
            "lr": learning_rate(step - 1, settings),
        }
        if self._interval[1]:
            speed = self._interval[0] / self._interval[1]
            row["tokens_per_second"] = round(speed, 1)
            row["mfu"] = round(speed * self.model.config.flops_per_token(settings.block_size) / self._peak, 4)
            self._progress.update(step, loss=f"{mean:.3f}", speed=f"{short(speed)} tok/s")
            self._interval = (0, 0.0)
        self.at.pending = row

    def _evaluate(self, step: int) -> dict[str, Any]:
        """The whole validation set (or its fixed subset), then samples; keeps the best checkpoint."""
        began = time.perf_counter()
        self.model.eval()
        loss, bits = self._validate(self._validation)
        if self.prompts and self.settings.sample_tokens:
            self._sample(step)
        self.model.train()
        if bits < self.at.best_val:
            self.at.best_val, self.at.best_step = bits, step
            self._checkpoint("best", step, bits)
        self.at.eval_seconds += time.perf_counter() - began
        self._progress.update(step, bits_per_character=f"{bits:.3f}", best=f"{self.at.best_val:.3f}")
        return {"val_loss": loss, "val_bpc": bits, "eval_seconds": round(self.at.eval_seconds, 3)}

    @torch.inference_mode()
    def _validate(self, batches: list[Batch]) -> tuple[float, float]:
        """Nats per token, and bits per character."""
        nats = 0.0
        for batch in batches:
            with self._autocast():
                nats += self.model.loss(batch.ids, batch.targets, batch.segments, batch.positions).item()
        count = sum(batch.count for batch in batches)
        characters = sum(batch.characters for batch in batches)
        return nats / count, nats / math.log(2) / characters

    def _sample(self, step: int) -> None:
        sampling = Sampling(self.settings.sample_tokens, temperature=0.8, top_k=50, seed=self.settings.seed)
        written = generate(self.model, [prompt.ids for prompt in self.prompts], sampling, self.tokenizer.stop_ids)
        texts = [self.tokenizer.written(row.ids) for row in written]
        for prompt, text in zip(self.prompts, texts, strict=True):
            self.run.add_sample(step, prompt.text, text)
        self._progress.show("\n".join(f"{p.text} → {t}" for p, t in zip(self.prompts, texts, strict=True)))

    def _save_state(self) -> None:
        self.at.losses = [loss.item() for loss in self._losses]
        if not all(map(math.isfinite, self.at.losses)):
            raise RunError(f"The loss at step {self.at.step} is not a number: lower learning_rate.")
        self.run.save_state(self.model, self.optimizers, self.at)

    def _save_checkpoints(self) -> None:
        step, every = self.at.step, self.settings.keep_every
        self._checkpoint("last", step, None)
        if every and step and step % every == 0:
            self._checkpoint(f"step-{step:06d}", step, None)

    def _checkpoint(self, name: str, step: int, bits: float | None) -> None:
        about = {**self.about, "step": step, "checkpoint": name}
        if bits is not None:
            about["val_bpc"] = bits
        save_checkpoint(self.run.checkpoints / name, self.model, self.tokenizer, about)

    def _autocast(self) -> torch.autocast | nullcontext[None]:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)
