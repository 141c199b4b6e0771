"""The model against transformers, against itself with a cache, and under segment masks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.model import KVCache, ModelConfig, Transformer
from jianghu.model.attention import attend, segment_mask

CONFIG = ModelConfig(
    vocab_size=300, block_size=48, n_layer=2, n_head=4, n_kv_head=2, n_embd=32, n_inner=64, rope_theta=5000.0
)


def random_model(config: ModelConfig = CONFIG, seed: int = 0) -> Transformer:
    """A model in which every weight matters (a fresh one has zeros and ones)."""
    model = Transformer(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.2 + (1.0 if weight.ndim == 1 else 0.0))
    return model


def test_parameters_and_flops_are_counted_right():
    model = Transformer(CONFIG)
    assert CONFIG.parameters == sum(weight.numel() for weight in model.parameters())
    matrices = sum(weight.numel() for weight in model.parameters() if weight.ndim == 2)
    assert CONFIG.flops_per_token(48) == 6 * matrices + 6 * 2 * 32 * 48


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_logits_equal_those_of_transformers(heads):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = ModelConfig(**{**CONFIG.to_dict(), "n_kv_head": heads})
    model = random_model(config)
    theirs = Qwen3ForCausalLM(Qwen3Config(**config.to_hugging_face(0, 2))).eval()
    missing = theirs.load_state_dict(model.state_dict(), strict=False)
    assert missing.missing_keys in ([], ["lm_head.weight"])
    assert not missing.unexpected_keys
    ids = torch.randint(0, 300, (3, 48))
    with torch.inference_mode():
        assert torch.allclose(model.logits(model(ids)), theirs(ids).logits, atol=1e-4)


@given(pieces=st.lists(st.integers(1, 12), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_reading_in_pieces_with_a_cache_equals_reading_at_once(pieces):
    model, length = random_model(), min(48, sum(pieces))
    ids = torch.randint(0, 300, (2, length), generator=torch.Generator().manual_seed(sum(pieces)))
    cache = KVCache(CONFIG, 2, 48, ids.device, torch.float32)
    hidden, at = [], 0
    with torch.inference_mode():
        for piece in pieces:
            part = ids[:, at : at + piece]
            if part.shape[1]:
                hidden.append(model(part, cache=cache))
                cache.advance(part.shape[1])
                at += part.shape[1]
        assert torch.allclose(torch.cat(hidden, 1), model(ids), atol=1e-5)


def test_segments_in_one_row_do_not_see_each_other():
    model = random_model()
    first, second = torch.randint(0, 300, (1, 10)), torch.randint(0, 300, (1, 15))
    row = torch.cat([first, second], 1)
    segments = torch.tensor([[1] * 10 + [2] * 15])
    positions = torch.tensor([[*range(10), *range(15)]])
    with torch.inference_mode():
        together = model(row, segments, positions)
        assert torch.allclose(together[:, :10], model(first), atol=1e-5)
        assert torch.allclose(together[:, 10:], model(second), atol=1e-5)


def test_no_token_sees_a_later_one():
    model = random_model()
    ids = torch.randint(0, 300, (1, 20))
    other = ids.clone()
    other[0, 12:] = (other[0, 12:] + 1) % 300
    with torch.inference_mode():
        assert torch.equal(model(ids)[:, :12], model(other)[:, :12])


def test_a_fresh_model_is_a_function_of_its_seed_and_begins_as_the_identity():
    first, second = Transformer(CONFIG), Transformer(CONFIG)
    first.init_weights(5)
    second.init_weights(5)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    ids = torch.randint(0, 300, (1, 8))
    with torch.inference_mode():
        assert torch.allclose(first.eval()(ids), first.model.norm(first.model.embed_tokens(ids)))


def test_dropout_acts_in_training_only():
    model = Transformer(CONFIG, dropout=0.5)
    model.init_weights(1)
    ids = torch.randint(0, 300, (1, 8))
    with torch.no_grad():
        assert not torch.equal(model.train()(ids), model(ids))
        assert torch.equal(model.eval()(ids), model(ids))


def test_the_loss_is_a_sum_over_targets_that_count():
    model = random_model()
    ids = torch.randint(0, 300, (2, 9))
    targets = torch.randint(0, 300, (2, 9))
    targets[0, :5] = -100
    with torch.inference_mode():
        nats = -model.logits(model(ids)).log_softmax(-1).gather(2, targets.clamp(min=0)[..., None])[..., 0]
        assert model.loss(ids, targets).item() == pytest.approx(nats[targets != -100].sum().item(), rel=1e-5)


def test_a_longer_block_changes_nothing_for_short_rows():
    model = random_model()
    ids = torch.randint(0, 300, (1, 48))
    with torch.inference_mode():
        before = model(ids)
        model.extend(96)
        assert torch.equal(model(ids), before)
        assert model(torch.randint(0, 300, (1, 96))).shape == (1, 96, 32)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
def test_the_sparse_mask_of_segments_says_the_same_as_the_full_one():
    """On CUDA a compiled step takes the sparse one; here its meaning is pinned."""
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(2, heads, 40, 16, generator=generator) for heads in (4, 2, 2))
    segments = torch.tensor([[1] * 15 + [2] * 20 + [0] * 5, [1] * 40])
    full = attend(query, key, value, segment_mask(segments, sparse=False))
    sparse = attend(query, key, value, segment_mask(segments, sparse=True))
    assert torch.allclose(full, sparse, atol=1e-5)
