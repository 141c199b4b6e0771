"""Adapters: what they compute, what trains, how they are merged and what they leave of the model."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.model import ModelConfig, Transformer, adapted_layers, adapter_parameters, add_adapter, merged
from jianghu.recipe import LoraSettings

CONFIG = ModelConfig(50, 16, 2, 4, 2, 24, 40)
ALL = LoraSettings().targets


def adapted(lora: LoraSettings, seed: int = 1) -> Transformer:
    """A model with an adapter that does something: B is drawn, which is zero at first."""
    model = Transformer(CONFIG)
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        weight.data = torch.randn(weight.shape, generator=generator) * 0.2
    add_adapter(model, lora, seed)
    for layer in adapted_layers(model).values():
        assert not layer.lora_B.any()
        layer.lora_B.data = torch.randn(layer.lora_B.shape, generator=generator) * 0.2
    return model


@given(st.sets(st.sampled_from(ALL), min_size=1), st.integers(1, 5), st.floats(0.5, 64))
@settings(max_examples=10, deadline=None)
def test_an_adapter_is_what_the_paper_says_and_merging_changes_no_score(targets, rank, alpha):
    lora = LoraSettings(rank=rank, alpha=alpha, targets=sorted(targets))
    model = adapted(lora)
    x, layers = torch.randn(3, 24), adapted_layers(model)
    assert {name.rpartition(".")[2] for name in layers} == targets
    assert sum(weight.numel() for weight in model.parameters() if weight.requires_grad) == adapter_parameters(
        CONFIG, lora
    )
    for name, layer in layers.items():
        if name.endswith(("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")):
            whole = layer.weight + alpha / rank * layer.lora_B @ layer.lora_A
            torch.testing.assert_close(layer(x), x @ whole.T, rtol=1e-4, atol=1e-4)
    ids = torch.randint(50, (2, 9))
    apart = model(ids)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    with merged(model):
        torch.testing.assert_close(model(ids), apart, rtol=1e-3, atol=1e-3)
        plain = Transformer(CONFIG)
        plain.load_state_dict(model.state_dict())  # the names of a plain model
        torch.testing.assert_close(plain(ids), apart, rtol=1e-3, atol=1e-3)
    assert all(torch.equal(before[name], weight) for name, weight in model.named_parameters())
    assert torch.equal(model(ids), apart)


def test_only_the_adapter_has_gradients_and_a_fresh_one_changes_nothing():
    model = Transformer(CONFIG)
    model.init_weights(3)
    ids = torch.randint(50, (2, 9))
    plain = model.loss(ids, ids)
    add_adapter(model, LoraSettings(rank=2), 1)
    loss = model.loss(ids, ids)
    assert torch.equal(loss, plain)
    loss.backward()
    learned = {name.rpartition(".")[2] for name, weight in model.named_parameters() if weight.grad is not None}
    assert learned == {"lora_A", "lora_B"}
    kept = adapted_layers(model)
    add_adapter(model, LoraSettings(rank=4), 2)  # a model that has one keeps it
    assert adapted_layers(model) == kept


def test_the_seed_decides_the_adapter():
    one, same, other = (adapted(LoraSettings(rank=2), seed) for seed in (1, 1, 2))
    name = "model.layers.0.mlp.up_proj"
    assert torch.equal(adapted_layers(one)[name].lora_A, adapted_layers(same)[name].lora_A)
    assert not torch.equal(adapted_layers(one)[name].lora_A, adapted_layers(other)[name].lora_A)


def test_dropout_falls_on_the_adapter_alone_and_only_in_training():
    model = adapted(LoraSettings(rank=2, dropout=0.5))
    layer, x = next(iter(adapted_layers(model).values())), torch.ones(4, 24)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))
    layer.train()
    layer.lora_B.data.zero_()
    assert torch.equal(layer(x), x @ layer.weight.T)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradient_checkpointing_gives_the_same_loss_and_gradients_to_the_bit(dropout):
    outcomes = []
    for recompute in (False, True):
        model = Transformer(CONFIG, dropout)
        model.init_weights(0)
        model.recompute = recompute
        torch.manual_seed(5)
        ids = torch.randint(50, (2, 9), generator=torch.Generator().manual_seed(1))
        loss = model.loss(ids, ids)
        loss.backward()
        outcomes.append([loss.detach(), *(weight.grad for weight in model.parameters())])
    assert all(torch.equal(one, other) for one, other in zip(*outcomes, strict=True))
