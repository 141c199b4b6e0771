"""One optimizer step of a run, a pure function of its number and the state before it.

A model, batches and settings go in; the weights move. The loop around it is in `trainer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor

from ..dataset import Batch, BatchSource
from ..model import Transformer, add_adapter, merged
from ..recipe import TrainSettings
from .compiling import choose_computing
from .ema import Ema
from .objective import make_objective
from .optim import learning_rate, make_optimizers, weight_decay
from .rates import resolve
from .scaling import LossScaling
from .sharding import as_part, assembled, gathered, is_sharded, local, locals_of
from .state import TrainState, are_finite, checksum
from .world import World


class TrainStep:
    """Takes the optimizer steps of one run, each a pure function of its number and the state before it.

    Args:
        model: on its device, or sharded; it gets an adapter if the settings have one.

    Attributes:
        optimizers: with their state.
        ema: the running mean of the weights, if the run keeps one.
        objective: what it makes small, compiled or not.
    """

    def __init__(
        self, settings: TrainSettings, model: Transformer, source: BatchSource, world: World, state: TrainState
    ) -> None:
        self.settings = settings = resolve(settings, model.config.n_embd)
        self.model, self.source, self.world, self.sharded = model, source, world, is_sharded(model)
        self.device = model.model.embed_tokens.weight.device
        self.computing = choose_computing(settings, model.config, self.device, state, self.sharded)
        self.dtype, self.compiled = self.computing.torch_dtype, self.computing.compiled
        self.scaling = LossScaling(state, world.any) if self.dtype == torch.float16 else None
        if settings.lora.rank:
            add_adapter(model, settings.lora, settings.seed)
        model.recompute = settings.gradient_checkpointing
        self.optimizers = make_optimizers(model, settings, self.dtype, self.compiled)
        self.ema = Ema(model, settings.ema_decay) if settings.ema_decay else None
        self.trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self.weights = list(self.trained.values())
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
            if settings.dropout or settings.lora.dropout:
                # Dropout as a function of the step, so that resume needs no state of random generators.
                torch.manual_seed(settings.seed + 1_000_003 * (step * accumulate + micro + 1) + self.world.rank)
            with self.autocast():
                means = self.objective.sums(batch) / count
            (means[0] * self.scaling.scale if self.scaling else means[0]).backward()
            total += means.detach()
        if not self.sharded:  # which sums each block's gradients as soon as they are there
            self.world.sum_gradients(self.weights)
        if self.scaling is None or self.scaling.unscale(self.weights):
            if settings.grad_clip:
                torch.nn.utils.clip_grad_norm_(self.weights, settings.grad_clip)
            self.optimizers.step()
        self._zero_grad()
        if self.ema:
            self.ema.update(step + 1)
        return total

    def can_go_on(self, batch: Batch) -> bool:
        """Whether the model's loss and gradient, of this batch, are finite: costs a pass over it.

        Weights can be finite and yet so large that every further step gives NaN, whatever its rate.
        """
        self.model.eval()
        with self.autocast():
            loss = make_objective(self.settings, self.model).sums(batch)[0] / batch.targets.numel()
        loss.backward()
        finite = are_finite([loss, *(local(weight.grad) for weight in self.weights if weight.grad is not None)])
        self._zero_grad()
        self.model.train()
        return not self.world.any(not finite)

    def is_finite(self) -> bool:
        """Whether all weights and moments are finite numbers, in every process."""
        return not self.world.any(not are_finite(locals_of(self._parts().values())))

    def _zero_grad(self) -> None:
        self.optimizers.zero_grad(set_to_none=self.device.type != "cuda")  # a CUDA graph writes to fixed places

    def autocast(self) -> torch.autocast | nullcontext[None]:
        """The arithmetic of the forward pass."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    @contextmanager
    def whole(self, mean: bool = False) -> Iterator[Transformer]:
        """The model as others read and use it, in evaluation mode: all of its weights in this process, an adapter
        merged. All processes must ask for it.

        Args:
            mean: with the running mean of the weights in their place.
        """
        if self.sharded:
            yield assembled(self.model, self.ema.weights if mean and self.ema else self.trained)
            return
        with self.ema.in_place() if mean and self.ema else nullcontext(), merged(self.model):
            yield self.model.eval()
        self.model.train()

    def base(self) -> str:
        """What the weights that do not train are: their hash; empty where all train."""
        frozen = {name: weight for name, weight in self.model.named_parameters() if not weight.requires_grad}
        return checksum({name: weight.detach().cpu() for name, weight in frozen.items()}, "") if frozen else ""

    def _parts(self) -> dict[str, Tensor]:
        parts: dict[str, Tensor] = {f"weights.{name}": weight.detach() for name, weight in self.trained.items()}
        parts |= {f"optimizer.{name}": tensor for name, tensor in self.optimizers.tensors().items()}
        if self.ema:
            parts |= {f"ema.{name}": tensor for name, tensor in self.ema.weights.items()}
        return parts

    def tensors(self) -> dict[str, Tensor]:
        """All that the next step depends on: the weights that train, optimizer state, the mean of the weights.

        Those of a sharded model are gathered, on the host, for the process that writes; the others get none.
        """
        return gathered(self._parts(), self.world.writes) if self.sharded else self._parts()

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave.

        Raises:
            KeyError, RuntimeError: they are of another model.
        """
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "optimizer": {}, "ema": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        saved = parts["weights"]
        if {name: weight.shape for name, weight in saved.items()} != {n: w.shape for n, w in self.trained.items()}:
            raise KeyError("other weights")
        for name, weight in self.trained.items():
            local(weight.detach()).copy_(local(as_part(saved[name], weight)))
        self.optimizers.restore(parts["optimizer"])
        if self.ema:
            self.ema.restore(parts["ema"])
