"""The clock of a run, the rows of metrics.jsonl, and what they say of overfitting.

A loss is read one step after it was computed, when the next step is already under way: a GPU never waits for
the program that logs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from ..dataset import BatchSource
from ..messages import tr
from ..model import Transformer
from ..recipe import TrainSettings
from .cost import flops_per_token
from .objective import Objective, figures
from .optim import learning_rate
from .state import TrainState
from .world import World


class Meter:
    """Adds up losses, tokens and seconds; makes a row every `log_interval` steps.

    The first steps, which compile and warm up, are counted apart, as `startup_seconds`.

    Args:
        peak: what the devices of all processes can do, in FLOPs a second.
        objective: what the steps make small.
    """

    def __init__(
        self,
        settings: TrainSettings,
        model: Transformer,
        source: BatchSource,
        world: World,
        state: TrainState,
        peak: float,
        objective: Objective,
    ) -> None:
        self.settings, self.source, self.world, self.state, self.peak = settings, source, world, state, peak
        self.objective = objective
        self.flops_per_token = flops_per_token(model.config, settings)
        self.device = model.model.embed_tokens.weight.device
        self._warming = 3 if state.computing and state.computing.compiled else 1
        self._losses = [torch.tensor(loss, device=self.device) for loss in state.losses]
        if self.world.rank:  # what was saved is the sum over all processes
            self._losses = [torch.zeros_like(loss) for loss in self._losses]
        self._open: tuple[dict[str, float], Tensor, torch.cuda.Event | None] | None = None
        self._steps, self._seconds = 0, 0.0
        self._began = time.perf_counter()

    def start_step(self) -> None:
        """A step begins now."""
        self._began = time.perf_counter()

    def end_step(self, loss: Tensor) -> dict[str, float] | None:
        """Count the step that was begun.

        Args:
            loss: what `TrainStep.take` returned.

        Returns:
            The row that was opened a step before, if one was; see `finish`.
        """
        finished = self.finish()
        self._losses.append(loss)
        step = self.state.step
        due = step % self.settings.log_interval == 0 or step == self.settings.max_iters
        if due:
            mean = self.world.sum(torch.stack(self._losses).mean(0))
            self._losses = []
        passed = time.perf_counter() - self._began
        if self._warming:
            self._warming -= 1
            self.state.startup_seconds += passed
        else:
            self.state.seconds += passed
            self._steps, self._seconds = self._steps + 1, self._seconds + passed
        if due:
            self._open = (self._row(step), *_to_host(mean))
        return finished

    def finish(self) -> dict[str, float] | None:
        """The row that is open, with its loss (which may be no finite number); None if none is."""
        if self._open is None:
            return None
        row, mean, event = self._open
        self._open = None
        if event is not None:
            event.synchronize()
        return row | figures("train", self.objective, mean.tolist(), 1, self.source.characters_per_target)

    def losses(self) -> list[list[float]]:
        """What the objective gave in the steps since the last row, over all processes: what a resumed run must know."""
        return self.world.sum(torch.stack(self._losses)).tolist() if self._losses else []

    def _row(self, step: int) -> dict[str, float]:
        settings = self.settings
        row: dict[str, float] = {
            "step": step,
            "tokens": step * settings.tokens_per_step,
            "epochs": round(step * settings.gradient_accumulation_steps / self.source.batches_per_epoch, 4),
            "seconds": round(self.state.seconds, 3),
            "startup_seconds": round(self.state.startup_seconds, 3),
            "lr": learning_rate(step - 1, settings),
        }
        if self._steps:
            speed = self._steps * settings.tokens_per_step / self._seconds
            row["tokens_per_second"] = round(speed, 1)
            row["mfu"] = round(speed * self.flops_per_token / self.peak, 4)
            self._steps, self._seconds = 0, 0.0
        return row


def _to_host(value: Tensor) -> tuple[Tensor, torch.cuda.Event | None]:
    """Start copying a few numbers to the host; the event tells when it has come. A plain read would wait for all
    that is queued behind it."""
    if value.device.type != "cuda":
        return value, None
    host = torch.empty_like(value, device="cpu", pin_memory=True)
    host.copy_(value, non_blocking=True)
    event = torch.cuda.Event()
    event.record()
    return host, event


def facts_of(measured: dict[str, float], row: dict[str, float], state: TrainState) -> dict[str, str]:
    """What the progress display shows of an evaluation; `row` is that of the training steps before it."""
    bits, best = measured["val_bpc"], state.best_val
    facts = {"bits_per_character": f"{bits:.3f}"}
    if "score" in measured:
        facts["score"], best = f"{measured['score']:.3f}", state.best_score
    facts["best"] = tr("{best:.3f} at {step}", best=best, step=state.best_step)
    if "val_margin" in measured:
        facts["margin"], facts["accuracy"] = f"{measured['val_margin']:.2f}", f"{measured['val_accuracy']:.0%}"
    elif "train_bpc" in row:
        facts["gap"] = f"{bits - row['train_bpc']:+.2f}"
    return facts


def divergence(what: str, value: float, step: int, saved: int | None, command: str, rate: float) -> str:
    """That a run's numbers are no longer finite, and how it goes on.

    Args:
        what: is not finite. saved: the step of the last state. command: goes on. rate: to go on with.
    """
    return tr(
        "Training has diverged: the {what} at step {step} is {value}. The state of step {saved} and all checkpoints "
        "are kept as they were; go on from there with a lower rate: {command} --learning-rate {rate}",
        what=what, step=step, value=value, saved=saved, command=command, rate=f"{rate:.1g}",
    )  # fmt: skip


WORSE = 3
"""Validation passes in a row, each worse than the one before, after which it is said; fewer may be chance."""


def overfitting(rows: Sequence[dict[str, float]]) -> str | None:
    """A warning if validation has been rising while the training loss went on falling, else None.

    Args:
        rows: of metrics.jsonl, in order.
    """
    scored = [row for row in rows if "val_bpc" in row]
    if len(scored) <= WORSE:
        return None
    tail = [row["val_bpc"] for row in scored[-WORSE - 1 :]]
    best = min(scored, key=lambda row: row["val_bpc"])
    losses = [row["train_loss"] for row in rows if "train_loss" in row and row["step"] >= best["step"]]
    if any(later <= before for before, later in pairwise(tail)):
        return None
    if not losses or losses[-1] >= losses[0]:
        return None
    return tr(
        "Validation has been rising for {passes} passes while the training loss falls: from here on the model learns "
        "its text by heart. Its best step was {step} ({bits:.3f} bits per character); that checkpoint is kept as "
        "`best`. Stronger weight_decay or dropout, or fewer max_iters, would help; patience stops such runs by itself.",
        passes=WORSE, step=best["step"], bits=best["val_bpc"],
    )  # fmt: skip
