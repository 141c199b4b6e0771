"""One optimizer step: micro-batches forward and backward, gradients summed over processes, clipped, applied."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor

from ..dataset import BatchSource
from ..machine import pick_dtype
from ..model import Transformer
from ..recipe import TrainSettings
from .compiling import has_compiler, make_loss, wants_compile
from .ema import Ema
from .optimizer import make_optimizers
from .run import Progressed
from .schedule import learning_rate, weight_decay
from .world import World


class Stepper:
    """Takes the steps of one run, each a pure function of its number and the state before it.

    Attributes:
        optimizers: with their state.
        ema: the running mean of the weights, if the run keeps one.
    """

    def __init__(self, settings: TrainSettings, model: Transformer, source: BatchSource, world: World) -> None:
        self.settings, self.model, self.source, self.world = settings, model, source, world
        self.device = model.model.embed_tokens.weight.device
        self.optimizers = make_optimizers(model, settings)
        self.ema = Ema(model, settings.ema_decay) if settings.ema_decay else None
        self.weights = list(model.parameters())

    def begin(self, at: Progressed) -> None:
        """Choose arithmetic and compilation: as the settings say, else as the run began, else what suits here."""
        settings = self.settings
        if settings.dtype == "auto" and at.dtype:
            self.dtype: torch.dtype = getattr(torch, at.dtype)
        else:
            self.dtype = pick_dtype(settings, self.device, self.model.config.n_embd)
        if settings.compile == "auto" and at.compiled is not None:
            self.compiled = at.compiled and (self.device.type != "cpu" or has_compiler())
        else:
            self.compiled = wants_compile(settings, self.model.config, self.device)
        at.dtype, at.compiled = str(self.dtype).removeprefix("torch."), self.compiled
        self.optimizers.compute_in(self.dtype)
        self._loss = make_loss(self.model, self.compiled)

    def take(self, step: int) -> Tensor:
        """Take step `step`, counted from 0.

        Returns:
            This process's part of the mean loss in nats per target, on the device: nothing waits for it.
        """
        settings = self.settings
        self.optimizers.set_rates(learning_rate(step, settings), weight_decay(step, settings))
        accumulate, rows = settings.gradient_accumulation_steps, self.world.rows(settings.batch_size)
        batches = [self.source.batch(step * accumulate + micro, rows) for micro in range(accumulate)]
        count = sum(batch.count for batch in batches)  # of all processes: divided by once, whatever each holds
        total = torch.zeros((), device=self.device)
        for micro, batch in enumerate(batches):
            if settings.dropout:
                # Dropout as a function of the step, so that resume needs no state of random generators.
                torch.manual_seed(settings.seed + 1_000_003 * (step * accumulate + micro + 1) + self.world.rank)
            with self.autocast():
                loss = self._loss(batch.ids, batch.targets, batch.segments, batch.positions) / count
            loss.backward()
            total += loss.detach()
        self.world.sum_gradients(self.weights)
        if settings.grad_clip:
            torch.nn.utils.clip_grad_norm_(self.weights, settings.grad_clip)
        self.optimizers.step()
        self.optimizers.zero_grad(set_to_none=self.device.type != "cuda")  # a CUDA graph writes to fixed places
        if self.ema:
            self.ema.update(step + 1)
        return total

    def autocast(self) -> torch.autocast | nullcontext[None]:
        """The arithmetic of the forward pass."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)
