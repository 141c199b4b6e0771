"""Which device a run takes, on how many threads, and how fast that device multiplies matrices."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from .errors import InputError
from .messages import tr


def fit_threads(processes: int = 1) -> None:
    """See that PyTorch starts no more threads than this process has cores.

    Threads that share a core wait for each other at every product. PyTorch counts the machine's cores and knows
    nothing of a container's limit or of other processes that train here.

    Args:
        processes: how many train together on this machine.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no such file outside Linux's containers, or "max": no limit
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    fitting = max(1, cores // processes)
    if torch.get_num_threads() > fitting:
        torch.set_num_threads(fitting)


DEVICES = ("cpu", "cuda", "mps", "xpu")
"""Kinds of devices that models can be trained on."""
MAX_REASON = 120
"""Letters of PyTorch's own reason that a refusal repeats."""


def pick_device(name: str, local_rank: int | None = None) -> torch.device:
    """The device of this name; `auto` takes CUDA, then Apple's MPS, then the CPU.

    Args:
        local_rank: this process's number among those of this machine that train together; each takes the GPU of
            its number.

    Raises:
        InputError: this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if name == "cuda" and local_rank is not None:
        name = f"cuda:{local_rank}"
    if name.partition(":")[0] not in DEVICES:
        raise InputError(tr("device {name!r}: no such device. Set device to auto, cpu, cuda or mps.", name=name))
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        # PyTorch explains itself at length, on one line for a backend that it was built without
        first = str(error).splitlines()[0].split(". ")[0]
        if len(first) > MAX_REASON or name.startswith("mps"):
            first = tr("PyTorch finds none")
        raise InputError(
            tr("device {name!r} cannot be used here ({first}). Set device to cpu or auto.", name=name, first=first)
        ) from None
    if device.type == "cuda":
        device = torch.device("cuda", torch.cuda.current_device() if device.index is None else device.index)
        torch.cuda.set_device(device)  # which takes no device without a number
    return device


def peak_flops(device: torch.device, dtype: torch.dtype, seconds: float = 0.2) -> float:
    """Floating-point operations per second of a large matrix product on this device, measured now.

    Model FLOPs utilisation is stated against this figure, which is what the machine really reaches, rather
    than against a data sheet.
    """
    size = 8192 if device.type == "cuda" else 1024
    left = torch.randn(size, size, device=device).to(dtype)
    right = torch.randn(size, size, device=device).to(dtype)

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        elif device.type == "mps":
            torch.mps.synchronize()

    left @ right  # the first product sets up what the others use
    best, products, end = 0.0, 0, time.perf_counter() + seconds
    while products < 3 or time.perf_counter() < end:
        wait()
        began = time.perf_counter()
        left @ right
        wait()
        best, products = max(best, 2 * size**3 / (time.perf_counter() - began)), products + 1
    return best


@dataclass(frozen=True)
class Environment:
    """What a run was computed with.

    Attributes:
        accelerator: the GPU's name; empty on a CPU.
        dtype: of the products.
    """

    python: str
    torch: str
    system: str
    processor: str
    accelerator: str
    threads: int
    dtype: str


def environment(device: torch.device, dtype: torch.dtype) -> Environment:
    """The software and the hardware that a run is computed with now."""
    return Environment(
        python=platform.python_version(),
        torch=torch.__version__,
        system=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        accelerator=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.replace("cpu", ""),
        threads=torch.get_num_threads(),
        dtype=str(dtype).removeprefix("torch."),
    )


def _processor() -> str:
    """The processor's name; of Linux's Python only /proc knows it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.lower().startswith(("model name", "hardware")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
