"""The clock of a run, and the rows of metrics.jsonl.

A loss is read one step after it was computed, when the next step is already under way: a GPU never waits for
the program that logs.
"""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor

from ..dataset import BatchSource
from ..errors import RunError
from ..model import Transformer
from ..recipe import TrainSettings
from .run import Progressed
from .schedule import learning_rate
from .world import World


class Meter:
    """Adds up losses, tokens and seconds; makes a row every `log_interval` steps.

    The first steps, which compile and warm up, are counted apart, as `startup_seconds`.
    """

    def __init__(self, settings: TrainSettings, model: Transformer, source: BatchSource, world: World) -> None:
        self.settings, self.source, self.world = settings, source, world
        self.flops_per_token = model.config.flops_per_token(settings.block_size)
        self.device = model.model.embed_tokens.weight.device
        self.tokens_per_step = settings.batch_size * settings.block_size * settings.gradient_accumulation_steps
        self._open: tuple[dict[str, Any], Tensor, torch.cuda.Event | None] | None = None

    def begin(self, at: Progressed, peak: float, compiled: bool) -> None:
        """Start the clock; `peak` is what the devices of all processes can do, in FLOPs a second."""
        self.at, self.peak = at, peak
        self._warming = 3 if compiled else 1
        self._losses = [torch.tensor(loss, device=self.device) for loss in at.losses]
        if self.world.rank:  # what was saved is the sum over all processes
            self._losses = [torch.zeros_like(loss) for loss in self._losses]
        self._steps, self._seconds = 0, 0.0
        self._began = time.perf_counter()

    def start_step(self) -> None:
        """A step begins now."""
        self._began = time.perf_counter()

    def end_step(self, loss: Tensor) -> dict[str, Any] | None:
        """Count the step that was begun.

        Args:
            loss: what `Stepper.take` returned.

        Returns:
            The row that was opened a step before, if one was; see `finish`.
        """
        finished = self.finish()
        self._losses.append(loss)
        step = self.at.step
        due = step % self.settings.log_interval == 0 or step == self.settings.max_iters
        if due:
            mean = self.world.sum(torch.stack(self._losses).mean())
            self._losses = []
        passed = time.perf_counter() - self._began
        if self._warming:
            self._warming -= 1
            self.at.startup_seconds += passed
        else:
            self.at.seconds += passed
            self._steps, self._seconds = self._steps + 1, self._seconds + passed
        if due:
            self._open = (self._row(step), *_to_host(mean))
        return finished

    def finish(self) -> dict[str, Any] | None:
        """The row that is open, with its loss; None if none is.

        Raises:
            RunError: the loss is not a number.
        """
        if self._open is None:
            return None
        row, mean, event = self._open
        self._open = None
        if event is not None:
            event.synchronize()
        loss = mean.item()
        if not math.isfinite(loss):
            raise RunError(
                f"The loss is {loss} at step {row['step']}: training has diverged. Lower learning_rate or raise "
                "warmup_iters, and begin anew with --restart; the checkpoints saved so far are whole."
            )
        bits = loss / math.log(2) / self.source.characters_per_target
        return row | {"train_loss": loss, "train_bpc": bits}

    def losses(self) -> list[float]:
        """Losses of the steps since the last row, over all processes: what a resumed run must know."""
        if not self._losses:
            return []
        losses = self.world.sum(torch.stack(self._losses)).tolist()
        if not all(map(math.isfinite, losses)):
            raise RunError(f"The loss at step {self.at.step} is not a number: lower learning_rate.")
        return losses

    def _row(self, step: int) -> dict[str, Any]:
        settings = self.settings
        row: dict[str, Any] = {
            "step": step,
            "tokens": step * self.tokens_per_step,
            "epochs": round(step * settings.gradient_accumulation_steps / self.source.batches_per_epoch, 4),
            "seconds": round(self.at.seconds, 3),
            "startup_seconds": round(self.at.startup_seconds, 3),
            "lr": learning_rate(step - 1, settings),
        }
        if self._steps:
            speed = self._steps * self.tokens_per_step / self._seconds
            row["tokens_per_second"] = round(speed, 1)
            row["mfu"] = round(speed * self.flops_per_token / self.peak, 4)
            self._steps, self._seconds = 0, 0.0
        return row


def _to_host(value: Tensor) -> tuple[Tensor, torch.cuda.Event | None]:
    """Start copying a scalar to the host; the event tells when it has come. A plain read would wait for all
    that is queued behind it."""
    if value.device.type != "cuda":
        return value, None
    host = torch.empty_like(value, device="cpu", pin_memory=True)
    host.copy_(value, non_blocking=True)
    event = torch.cuda.Event()
    event.record()
    return host, event
