"""How a device computes a run: arithmetic, compilation, CUDA graphs, attention. One table, by what the device can do.

Abilities go in, a choice comes out. Neither measures anything: a run that is resumed must compute as it did before.

Sources: bfloat16 in hardware from compute capability 8.0 and tensor cores for float16 from 7.0: NVIDIA, CUDA C++
Programming Guide, "Compute Capabilities". torch.compile's Triton refuses devices below 7.0: torch._inductor. Triton has
no official build for Windows. bfloat16 in AMD's matrix units from gfx90a on, and in gfx11 and gfx12: ROCm, "Precision
support".
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass, replace

import torch

from .errors import InputError
from .messages import tr
from .recipe import TrainSettings

BFLOAT16_WIDTH = 128
"""Width from which bfloat16 is worth its conversions on a CPU."""
WORTH_FLOPS = 6e13
"""`auto` compiles on a CPU when the run costs more than this. Compiling takes about 40 seconds on two cores and
saves a sixth of the time, and two cores do about 1.5e11 a second: it pays after about four minutes, 4e13."""
_AMD_BFLOAT16 = ("gfx90a", "gfx94", "gfx95", "gfx11", "gfx12")


@dataclass(frozen=True)
class Abilities:
    """What a device can do.

    Attributes:
        kind: cpu, cuda (NVIDIA), rocm (AMD), mps (Apple), or PyTorch's name of another.
        name: for people.
        capability: NVIDIA's compute capability; (0, 0) elsewhere.
        bfloat16: whether it multiplies matrices in bfloat16 by hardware, and gains by it.
        compiler: whether torch.compile has what it needs: Triton on a GPU, a C++ compiler on a CPU.
    """

    kind: str
    name: str = ""
    capability: tuple[int, int] = (0, 0)
    bfloat16: bool = False
    compiler: bool = False


@dataclass(frozen=True)
class Computing:
    """How a run is computed; part of its state.

    Attributes:
        dtype: of the forward pass: bfloat16, float16 (the loss is scaled, see `training.scaling`) or float32.
        compiled: by torch.compile.
        graphs: the compiled step is replayed as a CUDA graph.
        flex: in a compiled step, rows of several records are read by FlexAttention, which passes over empty blocks;
            else by scaled dot-product attention under a full mask.
    """

    dtype: str
    compiled: bool
    graphs: bool = False
    flex: bool = False

    @property
    def torch_dtype(self) -> torch.dtype:
        """The arithmetic as PyTorch's type."""
        dtype: torch.dtype = getattr(torch, self.dtype)
        return dtype

    def line(self, name: str) -> str:
        """In one line, on a device of this name."""
        return tr(
            "Computed on {name}: {dtype}, {compiled}, {graphs}, {attention}.",
            name=name,
            dtype=tr("float16 with a scaled loss") if self.dtype == "float16" else self.dtype,
            compiled=tr("compiled") if self.compiled else tr("not compiled"),
            graphs=tr("CUDA graphs") if self.graphs else tr("no CUDA graphs"),
            attention="FlexAttention" if self.flex else tr("scaled dot-product attention"),
        )


def abilities(device: torch.device) -> Abilities:
    """What a device of this machine can do."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        if torch.version.hip:
            architecture = torch.cuda.get_device_properties(device).gcnArchName
            return Abilities("rocm", name, bfloat16=architecture.startswith(_AMD_BFLOAT16), compiler=_has_triton())
        capability = torch.cuda.get_device_capability(device)
        return Abilities("cuda", name, capability, capability >= (8, 0), _has_triton() and capability >= (7, 0))
    if device.type == "cpu":
        units = torch.cpu.get_capabilities()
        fast = any(units.get(unit) for unit in ("avx512_bf16", "amx_bf16"))
        return Abilities("cpu", "CPU", bfloat16=fast, compiler=has_compiler())
    return Abilities(device.type, "Apple GPU (MPS)" if device.type == "mps" else device.type)


def has_compiler() -> bool:
    """Whether this machine can compile for its CPU: torch.compile needs a C++ compiler."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "cl") if name)


def _has_triton() -> bool:
    """Whether kernels can be made for a GPU; on Windows only where somebody has installed a port."""
    return importlib.util.find_spec("triton") is not None


def suited(can: Abilities, width: int, flops: float) -> Computing:
    """What suits a device: the table. No setting is regarded.

    Args:
        width: n_embd of the model.
        flops: of the whole run.
    """
    match can.kind:
        case "cuda" if can.capability >= (8, 0):  # Ampere and later: A100, RTX 30 and 40, H100
            return _on(can, "bfloat16", can.compiler)
        case "cuda" if can.capability >= (7, 0):  # Volta, Turing: V100, T4, RTX 20; bfloat16 is emulated there
            return _on(can, "float16", can.compiler)
        case "rocm":
            return _on(can, "bfloat16" if can.bfloat16 else "float16", can.compiler)
        case "cpu":
            fast = can.bfloat16 and width >= BFLOAT16_WIDTH
            return _on(can, "bfloat16" if fast else "float32", can.compiler and flops > WORTH_FLOPS)
        case _:  # Pascal and older (float16 at a sixty-fourth of the speed), Apple's, others: what works everywhere
            return _on(can, "float32", False)


def _on(can: Abilities, dtype: str, compiled: bool) -> Computing:
    """Graphs and FlexAttention come with compilation on NVIDIA's GPUs; on AMD's they were not tried."""
    nvidia = compiled and can.kind == "cuda"
    return Computing(dtype, compiled, graphs=nvidia, flex=nvidia and can.capability >= (8, 0))


def choose(
    settings: TrainSettings, can: Abilities, width: int, flops: float, begun: Computing | None = None
) -> Computing:
    """How a run is computed: as the settings say, else as it began, else as suits the device.

    Args:
        width, flops: see `suited`.
        begun: of a run that goes on.

    Raises:
        InputError: compilation is demanded where it cannot be.
    """
    best = suited(can, width, flops)
    dtype = settings.dtype if settings.dtype != "auto" else begun.dtype if begun else best.dtype
    if settings.compile == "on" and not can.compiler:
        lacking = tr("a C++ compiler") if can.kind == "cpu" else tr("Triton, for a GPU of compute capability 7.0")
        raise InputError(
            tr(
                "compile = on: {name} cannot be compiled for here, which needs {lacking}. Set compile to auto or off.",
                name=can.name,
                lacking=lacking,
            )
        )
    wanted = settings.compile == "on" if settings.compile != "auto" else (begun or best).compiled
    now = _on(can, dtype, wanted and can.compiler)
    if begun is not None and begun.compiled:
        return replace(now, graphs=now.graphs and begun.graphs, flex=now.flex and begun.flex)
    return now
