"""The head's cross-entropy against PyTorch's, value and gradients."""

import pytest
import torch
import torch.nn.functional as F

from jianghu.model.loss import ROWS, linear_cross_entropy


@pytest.mark.parametrize("rows", [1, ROWS, 2 * ROWS + 7])
@pytest.mark.parametrize("ignored", [0.0, 0.6])
def test_value_and_gradients_equal_pytorchs(rows, ignored):
    generator = torch.Generator().manual_seed(rows)
    hidden = torch.randn(rows, 16, generator=generator)
    weight = torch.randn(50, 16, generator=generator)
    targets = torch.randint(0, 50, (rows,), generator=generator)
    targets[torch.rand(rows, generator=generator) < ignored] = -100
    results = []
    for compute in (
        linear_cross_entropy,
        lambda h, w, t: F.cross_entropy((h @ w.t()).double(), t, ignore_index=-100, reduction="sum").float(),
    ):
        leaves = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        loss = compute(*leaves, targets) / 3
        loss.backward()
        results.append((loss.detach(), leaves[0].grad, leaves[1].grad))
    for ours, theirs in zip(*results, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_bfloat16_differs_from_float32_by_its_rounding_alone():
    generator = torch.Generator().manual_seed(3)
    hidden = torch.randn(2 * ROWS + 7, 16, generator=generator).bfloat16()
    weight = torch.randn(50, 16, generator=generator).bfloat16().float()
    targets = torch.randint(0, 50, (len(hidden),), generator=generator)
    results = []
    for dtype in (torch.bfloat16, torch.float32):
        leaves = hidden.to(dtype).clone().requires_grad_(), weight.clone().requires_grad_()
        loss = linear_cross_entropy(*leaves, targets) / len(hidden)
        loss.backward()
        results.append((loss.detach(), leaves[0].grad.float(), leaves[1].grad))
    assert results[0][2].dtype == torch.float32
    for low, high in zip(*results, strict=True):
        assert (low - high).norm() < 0.01 * high.norm()


def test_very_unlikely_targets_give_a_finite_loss():
    hidden, weight = torch.full((1, 4), 100.0), torch.eye(4)
    weight[0] = -1
    loss = linear_cross_entropy(hidden, weight, torch.tensor([0]))
    assert loss.item() == pytest.approx(500.0, rel=0.01)


def test_no_target_at_all_is_a_loss_of_zero():
    hidden = torch.randn(3, 4, requires_grad=True)
    loss = linear_cross_entropy(hidden, torch.randn(5, 4), torch.full((3,), -100))
    loss.backward()
    assert loss.item() == 0
    assert hidden.grad is not None
    assert not hidden.grad.any()
