"""Whether and how a run's step is compiled.

The choice is a function of the settings, the model and the machine, never of a measured time: a run that is
resumed must compute as it did before, to the last bit.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ..machine import pick_dtype
from ..model import ModelConfig, Transformer
from ..recipe import TrainSettings
from .state import TrainState

Loss = Callable[[Tensor, Tensor, Tensor | None, Tensor | None], Tensor]

WORTH_FLOPS = 6e13
"""`auto` compiles on a CPU when the run costs more than this. Compiling takes about 40 seconds on two cores and
saves a sixth of the time, and two cores do about 1.5e11 a second: it pays after about four minutes, 4e13."""


def has_compiler() -> bool:
    """Whether this machine can compile for its CPU: torch.compile needs a C++ compiler."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "cl") if name)


def wants_compile(settings: TrainSettings, config: ModelConfig, device: torch.device) -> bool:
    """Whether a run is compiled: as set, or for `auto` on CUDA, and on a CPU if it is long enough to pay for it."""
    if settings.compile != "auto" or device.type != "cpu":
        return settings.compile == "on" or (settings.compile == "auto" and device.type == "cuda")
    flops = settings.max_iters * settings.tokens_per_step * config.flops_per_token(settings.block_size)
    return flops > WORTH_FLOPS and has_compiler()


def choose_computing(
    settings: TrainSettings, config: ModelConfig, device: torch.device, state: TrainState
) -> tuple[torch.dtype, bool]:
    """Arithmetic, and whether the step is compiled: as the settings say, else as the run began, else as suits this
    machine. The choice is written into the run's state."""
    if settings.dtype == "auto" and state.dtype:
        dtype: torch.dtype = getattr(torch, state.dtype)
    else:
        dtype = pick_dtype(settings, device, config.n_embd)
    if settings.compile == "auto" and state.compiled is not None:
        compiled = state.compiled and (device.type != "cpu" or has_compiler())
    else:
        compiled = wants_compile(settings, config, device)
    state.dtype, state.compiled = str(dtype).removeprefix("torch."), compiled
    return dtype, compiled


def make_loss(model: Transformer, compiled: bool) -> Loss:
    """The loss of a batch, as `Transformer.loss`.

    Compiled on CUDA as a whole and replayed as a CUDA graph; on a CPU without the head, whose products and
    sums `model/loss.py` already keeps in the cache.
    """
    if not compiled:
        return model.loss
    if next(model.parameters()).device.type == "cuda":
        for weight in model.parameters():
            # Gradients of our own: those that a CUDA graph gives are overwritten when it is replayed.
            weight.grad = torch.zeros_like(weight)
        return _graphed(torch.compile(model.loss, dynamic=False, mode="reduce-overhead"))
    return partial(_with_eager_head, model, torch.compile(model.forward, dynamic=False))


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
