"""Which weights are decayed, and Muon against PyTorch's."""

import pytest
import torch

from jianghu.model import Transformer
from jianghu.recipe import TrainSettings
from jianghu.training import make_optimizers
from jianghu.training.optim import Muon, orthogonalise

from ..model.test_transformer import CONFIG


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_every_weight_has_one_optimizer_and_norms_are_not_decayed(optimizer):
    model = Transformer(CONFIG)
    optimizers = make_optimizers(model, TrainSettings(optimizer=optimizer, weight_decay=0.1))
    optimizers.set_rates(1e-3, 0.3)
    found = {}
    for part in optimizers.parts:
        for group in part.param_groups:
            for weight in group["params"]:
                assert weight not in found
                found[weight] = (type(part).__name__, group["weight_decay"])
    for name, weight in model.named_parameters():
        kind, decay = found[weight]
        assert decay == (0.0 if weight.ndim == 1 else 0.3)
        assert kind == ("Muon" if optimizer == "muon" and weight.ndim == 2 and ".layers." in name else "AdamW")


def test_auto_takes_muon_when_a_step_has_enough_tokens():
    model = Transformer(CONFIG)  # width 32: 640 tokens
    many = make_optimizers(model, TrainSettings(batch_size=10, block_size=64))
    few = make_optimizers(model, TrainSettings(batch_size=9, block_size=64))
    assert [len(o.parts) for o in (many, few)] == [2, 1]
    accumulated = TrainSettings(batch_size=5, block_size=64, gradient_accumulation_steps=2)
    assert len(make_optimizers(model, accumulated).parts) == 2


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 8, 24), (2, 24, 8)])
def test_orthogonal_updates_have_singular_values_near_one(shape):
    stack = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonalise(stack))
    assert values.min() > 0.5
    assert values.max() < 1.3
    alone = torch.cat([orthogonalise(matrix[None]) for matrix in stack])
    assert torch.allclose(orthogonalise(stack), alone, atol=1e-5)
    coarse = torch.linalg.svdvals(orthogonalise(stack, torch.bfloat16))
    assert coarse.min() > 0.5
    assert coarse.max() < 1.3


def test_muon_equals_pytorchs():
    generator = torch.Generator().manual_seed(2)
    shapes = [(8, 8), (8, 24), (24, 8), (8, 8)]
    start = [torch.randn(shape, generator=generator) for shape in shapes]
    ours = [torch.nn.Parameter(w.clone()) for w in start]
    theirs = [torch.nn.Parameter(w.clone()) for w in start]
    options = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}
    one = Muon(ours, **options)
    other = torch.optim.Muon(theirs, nesterov=True, adjust_lr_fn="match_rms_adamw", **options)
    for _ in range(5):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        one.step()
        other.step()
    for a, b in zip(ours, theirs, strict=True):
        # PyTorch iterates in bfloat16, whose steps are 1/256: the directions agree, digits do not.
        assert torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0) > 0.999
        assert torch.allclose(a, b, atol=0.03)
        assert one.state[a].keys() == other.state[b].keys()
        assert torch.allclose(one.state[a]["momentum_buffer"], other.state[b]["momentum_buffer"], atol=1e-5)


def test_an_update_has_the_size_of_adamws():
    weight = torch.nn.Parameter(torch.zeros(64, 192))
    weight.grad = torch.randn(64, 192, generator=torch.Generator().manual_seed(3))
    Muon([weight], lr=1.0, momentum=0.0).step()
    assert weight.detach().square().mean().sqrt().item() == pytest.approx(0.2, rel=0.15)
