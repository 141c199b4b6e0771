"""What a run will cost before it is begun: memory counted, time measured for about two seconds on this machine."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from .. import files
from ..dataset import Batch
from ..dataset.batches import ALL
from ..generation import Sampling, generate
from ..model import ModelConfig, Transformer
from ..recipe import TrainSettings
from .compiling import choose_computing
from .rates import takes_muon
from .state import TrainState
from .step import TrainStep
from .world import World

MEASURE_SECONDS = 2.0
COMPILE_SECONDS, COMPILE_GAIN = 45.0, 0.82
"""On a CPU: what compiling takes, and the share of the time that a compiled step takes (docs/experiments.md)."""

BACKWARD_BLOCKS = 2
"""Blocks' worth of activations that the backward pass needs besides what was kept for it (measured: 1.1 to 2.3)."""


@dataclass(frozen=True)
class Memory:
    """Bytes that training needs: `fixed` whatever the batch, and `per_token` of one micro-batch."""

    weights: int
    gradients: int
    optimizer: int
    ema: int
    head: int
    per_token: float

    @property
    def fixed(self) -> int:
        """What does not grow with the batch."""
        return self.weights + self.gradients + self.optimizer + self.ema + self.head

    def total(self, tokens: int) -> int:
        """Bytes for micro-batches of this many tokens."""
        return self.fixed + round(self.per_token * tokens)

    def most_tokens(self, available: int) -> int:
        """Tokens of the largest micro-batch that fits."""
        return max(0, int((available - self.fixed) / self.per_token))


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
    square of scores. Two short rows are compared, so that what does not grow drops out.
    """
    width = 32
    model = Transformer(replace(config, block_size=2 * width), settings.dropout)
    model.init_weights(0)
    state = TrainState(computing=replace(choose_computing(settings, config, device), compiled=False))
    source = _Noise(config.vocab_size, 1, 2 * width, torch.device("cpu"))
    stepper = TrainStep(settings, model, source, World(), state)

    def kept_bytes(tokens: int) -> int:
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), stepper.autocast():
            hidden = model(stepper.source.batch(0).ids[:, :tokens])
        del hidden
        return sum(kept.values())

    activations = (kept_bytes(2 * width) - kept_bytes(width)) / width
    size = config.parameters
    in_blocks = size - config.vocab_size * config.n_embd
    moments = in_blocks + 2 * (size - in_blocks) if takes_muon(settings, config.n_embd) else 2 * size
    low = torch.finfo(stepper.dtype).bits // 8
    scores = config.vocab_size * (4 + 4 + low)  # of a token: in float32, their softmax, and the products' type
    on_cpu = device.type == "cpu"  # where model/loss.py holds 256 rows of scores at a time
    # A copy of the weights in the products' type lies beside them.
    return Memory(
        weights=size * (4 + (low if low < 4 else 0)),
        gradients=size * 4,
        optimizer=moments * 4,
        ema=size * 4 if settings.ema_decay else 0,
        head=(256 * scores if on_cpu else 0) + config.vocab_size * config.n_embd * 4,
        per_token=activations * (1 + BACKWARD_BLOCKS / config.n_layer) + (0 if on_cpu else scores),
    )


def available_memory(device: torch.device) -> int:
    """Bytes that a run can have on this device now."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**33
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        least = min(least, 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))))
    with suppress(OSError, ValueError):  # "max" where a container has no limit
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
        least = min(least, limit - used)
    return least


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
    state = memory.weights + memory.optimizer + memory.ema
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
