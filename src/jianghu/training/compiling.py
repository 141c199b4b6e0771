"""How a run is computed, and its step compiled.

The choice is a function of the settings, the model and the machine, never of a measured time: a run that is
resumed must compute as it did before, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ..computing import Computing, abilities, choose
from ..model import ModelConfig, Transformer
from ..recipe import TrainSettings
from .state import TrainState

Loss = Callable[[Tensor, Tensor, Tensor | None, Tensor | None], Tensor]


def choose_computing(
    settings: TrainSettings,
    config: ModelConfig,
    device: torch.device,
    state: TrainState | None = None,
    sharded: bool = False,
) -> Computing:
    """How a run is computed: see `computing.choose`. The choice is written into the run's state, if there is one.

    A sharded model's step is not compiled: it gathers weights in the middle of what would be compiled.

    Raises:
        InputError: compilation is demanded where it cannot be.
    """
    flops = settings.max_iters * settings.tokens_per_step * config.flops_per_token(settings.block_size)
    chosen = choose(settings, abilities(device), config.n_embd, flops, state.computing if state else None)
    if sharded:
        chosen = Computing(chosen.dtype, compiled=False)
    if state is not None:
        state.computing = chosen
    return chosen


def make_loss(model: Transformer, computing: Computing) -> Loss:
    """The loss of a batch, as `Transformer.loss`.

    Compiled on a GPU as a whole, and replayed as a CUDA graph where that is chosen; on a CPU without the head, whose
    products and sums `model/loss.py` already keeps in the cache.
    """
    model.flex = computing.flex
    if not computing.compiled:
        return model.loss
    if computing.graphs:
        for weight in (weight for weight in model.parameters() if weight.requires_grad):
            # Gradients of our own: those that a CUDA graph gives are overwritten when it is replayed.
            weight.grad = torch.zeros_like(weight)
        return _graphed(torch.compile(model.loss, dynamic=False, mode="reduce-overhead"))
    if next(model.parameters()).device.type != "cpu":
        return torch.compile(model.loss, dynamic=False)
    return partial(_with_eager_head, model, torch.compile(model.forward, dynamic=False))


def make_target_nats(model: Transformer, computing: Computing) -> Loss:
    """The cross-entropy of each target of a batch, as `Transformer.target_nats`; compiled without the head, whose rows
    are as many as a batch has targets."""
    model.flex = computing.flex
    if not computing.compiled:
        return model.target_nats
    forward = torch.compile(model.forward, dynamic=False)
    return lambda ids, targets, segments, positions: model.each_nats(forward(ids, segments, positions), targets)


def _with_eager_head(
    model: Transformer,
    forward: Callable[..., Tensor],
    ids: Tensor,
    targets: Tensor,
    segments: Tensor | None,
    positions: Tensor | None,
) -> Tensor:
    return model.nats(forward(ids, segments, positions), targets)


def _graphed(loss: Loss) -> Loss:
    """A compiled loss whose result outlives the next replay of its graph, which would write over it."""

    def call(ids: Tensor, targets: Tensor, segments: Tensor | None, positions: Tensor | None) -> Tensor:
        torch.compiler.cudagraph_mark_step_begin()
        return loss(ids, targets, segments, positions).clone()

    return call
