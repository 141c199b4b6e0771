"""Which device and arithmetic a run takes, and how fast that device multiplies matrices."""

from __future__ import annotations

import time

import torch

from ..errors import InputError
from ..recipe import TrainSettings


def pick_device(name: str) -> torch.device:
    """The device of this name; `auto` takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        InputError: this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"device {name!r} cannot be used here ({first}). Set device to cpu or auto.") from None
    return device


def pick_dtype(settings: TrainSettings, device: torch.device) -> torch.dtype:
    """Arithmetic of the forward pass: bfloat16 on CUDA, float32 elsewhere (a CPU without bfloat16 units is
    a hundred times slower in it), unless the settings say otherwise."""
    if settings.dtype == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return torch.bfloat16 if settings.dtype == "bfloat16" else torch.float32


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

    best, end = 0.0, time.perf_counter() + seconds
    left @ right
    while not best or time.perf_counter() < end:  # once at least, however busy the machine is
        wait()
        began = time.perf_counter()
        left @ right
        wait()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best
