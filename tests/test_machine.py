"""Arithmetic, threads and compilation are chosen by what the machine and the run are, never by a clock."""

import pytest
import torch

from jianghu.errors import InputError
from jianghu.machine import fit_threads, peak_flops, pick_device, pick_dtype
from jianghu.recipe import TrainSettings
from jianghu.training.compiling import WORTH_FLOPS, has_compiler, make_loss, wants_compile

from .model.test_transformer import CONFIG, random_model

CPU = torch.device("cpu")


def test_bfloat16_is_taken_on_a_cpu_that_has_units_for_it_and_a_model_that_is_wide_enough(monkeypatch):
    auto = TrainSettings()
    for units, width, wanted in (
        ({"avx512_bf16": True}, 128, torch.bfloat16),
        ({"amx_bf16": True}, 512, torch.bfloat16),
        ({"avx512_bf16": True}, 64, torch.float32),
        ({"avx512_f": True}, 512, torch.float32),
        ({}, 512, torch.float32),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda units=units: units)
        assert pick_dtype(auto, CPU, width) == wanted
    assert pick_dtype(auto, torch.device("cuda"), 32) == torch.bfloat16
    assert pick_dtype(TrainSettings(dtype="float32"), torch.device("cuda"), 512) == torch.float32


def test_a_run_is_compiled_on_a_cpu_only_if_it_is_long_enough_and_a_compiler_is_there(monkeypatch):
    step = 32 * 256 * CONFIG.flops_per_token(256)
    long, short = (TrainSettings(max_iters=int(WORTH_FLOPS / step * share), warmup_iters=1) for share in (1.1, 0.9))
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/g++")
    assert wants_compile(long, CONFIG, CPU)
    assert not wants_compile(short, CONFIG, CPU)
    assert wants_compile(short, CONFIG, torch.device("cuda"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not wants_compile(long, CONFIG, CPU)


@pytest.mark.parametrize("name", ["mps", "mps:0", "cuda:99", "xpu", "vulkan", "meta", "gpu"])
def test_a_device_that_is_not_there_is_refused_in_a_short_line(name):
    if name[:3] in ("mps", "xpu") and getattr(torch, name[:3]).is_available():
        pytest.skip("it is there")
    with pytest.raises(InputError) as refused:
        pick_device(name)
    said = str(refused.value)
    assert name in said
    assert "Set device to" in said
    assert len(said) < 250
    assert "\n" not in said


@pytest.mark.slow
@pytest.mark.skipif(not has_compiler(), reason="torch.compile needs a C++ compiler")
@pytest.mark.parametrize("packed", [False, True])
def test_the_compiled_loss_is_the_same(packed):
    model = random_model().train()
    ids = torch.randint(0, 300, (3, 48), generator=torch.Generator().manual_seed(1))
    segments = torch.tensor([[1] * 20 + [2] * 28] * 3) if packed else None
    positions = torch.tensor([[*range(20), *range(28)]] * 3) if packed else None
    found = []
    for compiled in (False, True):
        loss = make_loss(model, compiled)(ids, ids, segments, positions)
        model.zero_grad()
        loss.backward()
        found.append((loss.detach(), model.model.layers[0].self_attn.q_proj.weight.grad.clone()))
    assert torch.allclose(found[0][0], found[1][0], rtol=1e-5)
    assert torch.allclose(found[0][1], found[1][1], rtol=1e-3, atol=1e-4)


def test_threads_are_only_ever_lowered(monkeypatch):
    set_to = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    fit_threads()
    fit_threads(processes=1000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    fit_threads()
    assert len(set_to) == 2
    assert 1 <= set_to[0] < 64
    assert set_to[1] == 1


def test_the_peak_is_measured():
    assert 1e8 < peak_flops(CPU, torch.float32, seconds=0.02) < 1e14
