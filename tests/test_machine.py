"""Devices and threads are those that are there; a compiled step is the same step."""

import pytest
import torch

from jianghu.computing import Computing, has_compiler
from jianghu.errors import InputError
from jianghu.machine import fit_threads, peak_flops, pick_device
from jianghu.training.compiling import make_loss

from .model.test_transformer import random_model

CPU = torch.device("cpu")


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
        loss = make_loss(model, Computing("float32", compiled))(ids, ids, segments, positions)
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
