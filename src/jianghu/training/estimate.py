"""What a run will cost before it is begun: memory counted, time measured for about two seconds on this machine."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from .. import files
from ..computing import Computing
from ..dataset import Batch
from ..dataset.batches import ALL
from ..generation import Sampling, generate
from ..model import ModelConfig, Transformer
from ..recipe import TrainSettings
from .compiling import choose_computing
from .cost import Memory, count_memory
from .rates import takes_muon
from .state import TrainState
from .step import TrainStep
from .world import World

MEASURE_SECONDS = 2.0
COMPILE_SECONDS, COMPILE_GAIN = 45.0, 0.82
"""On a CPU: what compiling takes, and the share of the time that a compiled step takes (docs/experiments.md)."""

BACKWARD_BLOCKS, ADAPTER_BLOCKS = 2, 4
"""Blocks' worth of activations that the backward pass needs besides what was kept for it (measured: 1.1 to 2.3), and
with an adapter, beside each of whose layers a second gradient arises (measured: 4.1)."""


@dataclass(frozen=True)
class Times:
    """Seconds: of one optimizer step, of one row in validation, of one token of the samples, of one byte saved;
    and once, of compiling."""

    step: float
    row: float
    sample_token: float
    byte: float
    startup: float


class _Noise:
    """Batches of random tokens, as many rows as are asked for."""

    batches_per_epoch = characters_per_target = 1.0

    def __init__(self, vocab_size: int, rows: int, width: int, device: torch.device) -> None:
        self.ids = torch.randint(0, vocab_size, (rows, width + 1), device=device)

    def batch(self, number: int, rows: slice = ALL) -> Batch:
        """Always the same rows."""
        return Batch(self.ids[:, :-1], self.ids[:, 1:], self.ids[:, 1:].numel())

    def validation(self, most_rows: int) -> list[Batch]:
        """None."""
        return []


def measure_memory(config: ModelConfig, settings: TrainSettings, device: torch.device) -> Memory:
    """Count what training holds at once.

    Activations are what autograd keeps for the backward pass; they grow with the tokens, since attention keeps no
    square of scores. Models of one and of two blocks, and two short rows, are compared, so that what does not grow
    drops out. With gradient checkpointing one block's at a time are made again from what goes into it.
    """
    dtype = choose_computing(settings, config, device).torch_dtype
    each = _activations(config, settings, dtype)
    block, again = each.block, 0.0
    backward = ADAPTER_BLOCKS if settings.lora.rank else BACKWARD_BLOCKS
    if settings.gradient_checkpointing:
        block = again = _activations(config, settings.model_copy(update={"gradient_checkpointing": False}), dtype).block
    per_token = each.rest + config.n_layer * each.block + again + backward * block
    return count_memory(config, settings, dtype, device.type == "cpu", per_token)


@dataclass(frozen=True)
class _Activations:
    """Bytes a token that are kept for the backward pass: of each block, and of the rest, without the head."""

    block: float
    rest: float


def _activations(config: ModelConfig, settings: TrainSettings, dtype: torch.dtype) -> _Activations:
    """Measured on the CPU, in small models of the same width."""
    width = 32
    own = settings.model_copy(update={"optimizer": "adamw", "dtype": "auto", "compile": "auto"})

    def grown(n_layer: int) -> float:
        small = replace(config, n_layer=n_layer, block_size=2 * width, vocab_size=min(config.vocab_size, 1024))
        model = Transformer(small, settings.dropout)
        model.init_weights(0)
        source = _Noise(small.vocab_size, 1, 2 * width, torch.device("cpu"))
        state = TrainState(computing=Computing(str(dtype).removeprefix("torch."), compiled=False))
        stepper = TrainStep(own, model, source, World(), state)

        def kept_bytes(tokens: int) -> int:
            kept: dict[int, int] = {}

            def keep(tensor: Tensor) -> Tensor:
                storage = tensor.untyped_storage()
                kept[storage.data_ptr()] = storage.nbytes()
                return tensor

            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), stepper.autocast():
                hidden = model(source.batch(0).ids[:, :tokens])
            del hidden
            return sum(kept.values())

        return (kept_bytes(2 * width) - kept_bytes(width)) / width

    one = grown(1)
    block = grown(2) - one
    return _Activations(block, max(0.0, one - block))


def measure_times(
    config: ModelConfig, settings: TrainSettings, device: torch.device, folder: Path, most_rows: int
) -> Times:
    """Take real steps for about two seconds; where a whole batch takes longer, steps of fewer rows, whose times lie
    on a line.

    On a CPU nothing is compiled for it: a compiled run is reckoned from what was measured. On CUDA the step is
    compiled as the run's will be, which takes about a minute more.

    Args:
        folder: where the run will save; eight megabytes are written there and removed.
        most_rows: of a batch that fits in memory.
    """
    model = Transformer(config, settings.dropout).to(device)
    model.init_weights(0)
    computing, on_cpu = choose_computing(settings, config, device), device.type == "cpu"
    compiled = computing.compiled
    taken = replace(computing, compiled=False) if on_cpu else computing
    kind = "muon" if takes_muon(settings, config.n_embd) else "adamw"  # which `auto` could not tell from fewer rows

    def seconds(rows: int, budget: float) -> float:
        own = settings.model_copy(update={"batch_size": rows, "gradient_accumulation_steps": 1, "optimizer": kind})
        source = _Noise(config.vocab_size, rows, settings.block_size, device)
        stepper = TrainStep(own, model, source, World(), TrainState(computing=taken))
        for _ in range(1 if on_cpu else 3):  # three warm a CUDA graph up
            stepper.take(0)
        return _median(lambda: float(stepper.take(0)), budget)

    rows = settings.batch_size
    few = max(1, min(rows // 8, most_rows // 4, 64))
    short = seconds(few, MEASURE_SECONDS / 4)
    whole = rows <= most_rows and short * rows / few < MEASURE_SECONDS / 4
    many = rows if whole else min(2 * few, rows)
    long = seconds(many, MEASURE_SECONDS * 3 / 4) if many > few else short
    # Beside other work a few rows may take longer than many: then at least a quarter of the mean time is a row's.
    row = max((long - short) / (many - few), long / many / 4) if many > few else long / rows
    fixed = max(0.0, long - row * many)
    step = fixed + row * rows * settings.gradient_accumulation_steps
    prompts = [[n] for n in range(3)]
    sampling = Sampling(8)
    model.eval()
    token = _median(lambda: len(generate(model, prompts, sampling, set())), 0.1) / sampling.max_new_tokens
    gain = COMPILE_GAIN if compiled and on_cpu else 1.0
    return Times(step * gain, row / 3, token, _seconds_per_byte(folder), COMPILE_SECONDS if compiled else 0.0)


def run_seconds(settings: TrainSettings, times: Times, memory: Memory, val_rows: int) -> float:
    """Seconds of a whole run: steps, validation with samples, saves.

    Args:
        val_rows: rows that the validation text fills.
    """
    passes = settings.max_iters // settings.eval_interval + 1
    scored = min(val_rows, int(3 * settings.eval_share * settings.eval_interval * settings.rows_per_step))
    saves = settings.max_iters // settings.save_interval + 1
    state = memory.gradients + memory.optimizer + memory.ema  # what trains is as large as its gradients
    written = saves * (state + memory.weights) + passes * memory.weights / 2  # about half of the passes are a best
    return (
        times.startup
        + settings.max_iters * times.step
        + passes * (scored * times.row + settings.sample_tokens * times.sample_token)
        + written * times.byte
    )


def _median(work: Callable[[], float], budget: float) -> float:
    """Median seconds of `work`, done at least twice and for as long as the budget allows."""
    taken: list[float] = []
    while len(taken) < 2 or sum(taken) < budget:
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _seconds_per_byte(folder: Path) -> float:
    """Seconds that saving takes a byte; of the system's temporary folder if nothing may be written in this one."""
    size = 8 * 2**20
    with ExitStack() as stack:
        try:
            temporary = stack.enter_context(tempfile.TemporaryDirectory(dir=folder))
        except OSError:
            temporary = stack.enter_context(tempfile.TemporaryDirectory())
        began = time.perf_counter()
        files.write_bytes(Path(temporary) / "speed", bytes(size))
        return (time.perf_counter() - began) / size
