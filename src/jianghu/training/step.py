"""One optimizer step of a run, a pure function of its number and the state before it.

A model, batches and settings go in; the weights move. The loop around it is in `trainer.py`.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor

from ..dataset import BatchSource
from ..model import Transformer
from ..recipe import TrainSettings
from .compiling import choose_computing
from .ema import Ema
from .objective import make_objective
from .optim import learning_rate, make_optimizers, weight_decay
from .rates import resolve
from .scaling import LossScaling
from .state import TrainState
from .world import World


class TrainStep:
    """Takes the optimizer steps of one run, each a pure function of its number and the state before it.

    Attributes:
        optimizers: with their state.
        ema: the running mean of the weights, if the run keeps one.
        objective: what it makes small, compiled or not.
    """

    def __init__(
        self, settings: TrainSettings, model: Transformer, source: BatchSource, world: World, state: TrainState
    ) -> None:
        self.settings = settings = resolve(settings, model.config.n_embd)
        self.model, self.source, self.world = model, source, world
        self.device = model.model.embed_tokens.weight.device
        self.computing = choose_computing(settings, model.config, self.device, state)
        self.dtype, self.compiled = self.computing.torch_dtype, self.computing.compiled
        self.scaling = LossScaling(state) if self.dtype == torch.float16 else None
        self.optimizers = make_optimizers(model, settings, self.dtype, self.compiled)
        self.ema = Ema(model, settings.ema_decay) if settings.ema_decay else None
        self.weights = list(model.parameters())
        self.objective = make_objective(settings, model, self.computing)

    def take(self, step: int) -> Tensor:
        """Take step `step`, counted from 0: micro-batches forward and backward, gradients summed over processes,
        clipped, applied, the mean of the weights moved on. In float16 a step whose gradients overflow is left out.

        Returns:
            This process's part of the objective's means per target, the loss in nats first, on the device: nothing
            waits for them (but float16 waits for the gradients).
        """
        settings = self.settings
        self.optimizers.set_rates(learning_rate(step, settings), weight_decay(step, settings))
        accumulate, rows = settings.gradient_accumulation_steps, self.world.rows(settings.batch_size)
        batches = [self.source.batch(step * accumulate + micro, rows) for micro in range(accumulate)]
        count = sum(batch.count for batch in batches)  # of all processes: divided by once, whatever each holds
        total = torch.zeros(len(self.objective.names), device=self.device)
        for micro, batch in enumerate(batches):
            if settings.dropout:
                # Dropout as a function of the step, so that resume needs no state of random generators.
                torch.manual_seed(settings.seed + 1_000_003 * (step * accumulate + micro + 1) + self.world.rank)
            with self.autocast():
                means = self.objective.sums(batch) / count
            (means[0] * self.scaling.scale if self.scaling else means[0]).backward()
            total += means.detach()
        self.world.sum_gradients(self.weights)
        if self.scaling is None or self.scaling.unscale(self.weights):
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

    def tensors(self) -> dict[str, Tensor]:
        """All that the next step depends on: weights, optimizer state, the mean of the weights."""
        tensors = {f"weights.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in self.optimizers.tensors().items()}
        if self.ema:
            tensors |= {f"ema.{name}": tensor for name, tensor in self.ema.weights.items()}
        return tensors

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave.

        Raises:
            KeyError, RuntimeError: they are of another model.
        """
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "optimizer": {}, "ema": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        self.model.load_state_dict(parts["weights"])
        self.optimizers.restore(parts["optimizer"])
        if self.ema:
            self.ema.restore(parts["ema"])
