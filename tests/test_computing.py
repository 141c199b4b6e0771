"""Arithmetic, compilation, graphs and attention are chosen by what the machine and the run are, never by a clock."""

import types

import pytest
import torch

from jianghu.computing import WORTH_FLOPS, Abilities, Computing, abilities, choose, has_compiler, suited
from jianghu.errors import InputError
from jianghu.recipe import TrainSettings

CPU, GPU, APPLE = torch.device("cpu"), torch.device("cuda"), torch.device("mps")
AUTO = TrainSettings()
MACHINES = {
    # name: (system, compute capability or AMD's architecture, Triton, units of the CPU, compiler)
    "CPU with bfloat16": ("Linux", None, False, {"avx512_bf16": True}, True),
    "CPU without bfloat16": ("Linux", None, False, {"avx2": True}, True),
    "CPU, Windows without a compiler": ("Windows", None, False, {"avx2": True}, False),
    "GTX 1080": ("Linux", (6, 1), True, {}, True),
    "T4": ("Linux", (7, 5), True, {}, True),
    "V100": ("Linux", (7, 0), True, {}, True),
    "A100": ("Linux", (8, 0), True, {}, True),
    "H100": ("Linux", (9, 0), True, {}, True),
    "RTX 4090, Windows": ("Windows", (8, 9), False, {}, False),
    "MI300": ("Linux", "gfx942:sramecc+:xnack-", True, {}, True),
    "RX 6800": ("Linux", "gfx1030", True, {}, True),
    "M2": ("Darwin", "mps", False, {}, True),
}
CHOSEN = """
| CPU with bfloat16 | bfloat16 | yes | no | SDPA |
| CPU without bfloat16 | float32 | yes | no | SDPA |
| CPU, Windows without a compiler | float32 | no | no | SDPA |
| GTX 1080 | float32 | no | no | SDPA |
| T4 | float16, scaled loss | yes | yes | SDPA |
| V100 | float16, scaled loss | yes | yes | SDPA |
| A100 | bfloat16 | yes | yes | FlexAttention |
| H100 | bfloat16 | yes | yes | FlexAttention |
| RTX 4090, Windows | bfloat16 | no | no | SDPA |
| MI300 | bfloat16 | yes | no | SDPA |
| RX 6800 | float16, scaled loss | yes | no | SDPA |
| M2 | float32 | no | no | SDPA |
"""


def on(monkeypatch, name):
    """What the program finds on a machine that is not here."""
    system, chip, triton, units, compiler = MACHINES[name]
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}" if compiler else None)
    monkeypatch.setattr("importlib.util.find_spec", lambda module: object() if triton else None)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: chip)
    monkeypatch.setattr(torch.version, "hip", "6.2" if isinstance(chip, str) and chip != "mps" else None)
    properties = types.SimpleNamespace(gcnArchName=chip)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    return abilities(CPU if chip is None else APPLE if chip == "mps" else GPU)


def test_the_table_of_machines(monkeypatch):
    rows = ""
    for name in MACHINES:
        with monkeypatch.context() as patch:
            chosen = choose(AUTO, on(patch, name), 512, 1e15)
        dtype = chosen.dtype + ", scaled loss" * (chosen.dtype == "float16")
        attention = "FlexAttention" if chosen.flex else "SDPA"
        rows += f"| {name} | {dtype} | {'yes' if chosen.compiled else 'no'} | {'yes' if chosen.graphs else 'no'} | "
        rows += f"{attention} |\n"
    print(rows)
    assert rows == CHOSEN[1:]


@pytest.mark.parametrize(
    ("units", "width", "dtype"),
    [
        ({"avx512_bf16": True}, 128, "bfloat16"),
        ({"amx_bf16": True}, 512, "bfloat16"),
        ({"avx512_bf16": True}, 64, "float32"),
        ({"avx512_f": True}, 512, "float32"),
        ({}, 512, "float32"),
    ],
)
def test_bfloat16_on_a_cpu_wants_units_for_it_and_a_model_that_is_wide_enough(monkeypatch, units, width, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    assert suited(abilities(CPU), width, 0).dtype == dtype


def test_a_run_is_compiled_on_a_cpu_only_if_it_is_long_enough_and_a_compiler_is_there(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/g++")
    assert suited(abilities(CPU), 64, 1.1 * WORTH_FLOPS).compiled
    assert not suited(abilities(CPU), 64, 0.9 * WORTH_FLOPS).compiled
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not suited(abilities(CPU), 64, 1.1 * WORTH_FLOPS).compiled


def test_settings_come_before_the_table_and_what_cannot_be_is_refused(monkeypatch):
    settings = TrainSettings(dtype="float32", compile="off")
    with monkeypatch.context() as patch:
        assert choose(settings, on(patch, "H100"), 512, 1e15) == Computing("float32", False)
        compiled = choose(TrainSettings(compile="on"), on(patch, "T4"), 512, 0)
        assert compiled == Computing("float16", True, graphs=True)
    for name in ("RTX 4090, Windows", "GTX 1080", "M2", "CPU, Windows without a compiler"):
        with monkeypatch.context() as patch, pytest.raises(InputError, match="Set compile to auto or off") as refused:
            choose(TrainSettings(compile="on"), on(patch, name), 512, 1e15)
        assert "\n" not in str(refused.value)


def test_a_run_goes_on_as_it_began_as_far_as_the_machine_can(monkeypatch):
    began = Computing("bfloat16", True, graphs=True, flex=True)
    for name, goes_on in (
        ("H100", began),
        ("T4", Computing("bfloat16", True, graphs=True)),
        ("CPU without bfloat16", Computing("bfloat16", True)),
        ("GTX 1080", Computing("bfloat16", False)),
    ):
        with monkeypatch.context() as patch:
            assert choose(AUTO, on(patch, name), 512, 1e15, began) == goes_on
    with monkeypatch.context() as patch:
        eager = Computing("float32", False)
        assert choose(AUTO, on(patch, "H100"), 512, 1e15, eager) == eager


def test_the_choice_is_one_line():
    line = Computing("float16", True, graphs=True).line("Tesla T4")
    assert (
        line == "Computed on Tesla T4: float16 with a scaled loss, compiled, CUDA graphs, scaled dot-product attention."
    )


def test_this_machine_is_known():
    assert abilities(CPU) == Abilities("cpu", "CPU", bfloat16=abilities(CPU).bfloat16, compiler=has_compiler())
