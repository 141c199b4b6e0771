"""A step of writing gives what the whole model gives, whatever the lengths of the rows and the kinds of heads."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from jianghu.generation import Sampling, generate
from jianghu.model import Decoder, KVCache, ModelConfig, load_checkpoint, save_checkpoint
from jianghu.model.decoder import joined
from jianghu.tokenizer_training import train_tokenizer

from .test_transformer import CONFIG, random_model

ALIKE = ModelConfig(**{**CONFIG.to_dict(), "n_kv_head": 4})


@pytest.mark.parametrize("config", [ALIKE, CONFIG], ids=["as many keys as queries", "grouped"])
@pytest.mark.parametrize("lengths", [[1], [17], [3, 3], [1, 9, 20, 5, 13]])
@torch.inference_mode()
def test_a_step_equals_the_whole_model(config, lengths):
    model = random_model(config)
    decoder = Decoder(model)
    rows = [torch.randint(0, config.vocab_size, (length + 6,)) for length in lengths]
    cache = KVCache(config, len(rows) + 2, 32, torch.device("cpu"), torch.float32)
    cache.rows = len(rows)
    for n, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        alone = KVCache(config, 1, 32, torch.device("cpu"), torch.float32)
        model(row[None, :length], cache=alone)
        cache.put(n, alone.take(0, length))
    for step in range(6):
        cache.longest = max(lengths) + step
        last = torch.stack([row[length + step] for row, length in zip(rows, lengths, strict=True)])
        scores = decoder(last, cache)
        cache.advance(1)
        for n, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            expected = model.logits(model(row[None, : length + step + 1]))[0, -1]
            torch.testing.assert_close(scores[n], expected, rtol=1e-4, atol=1e-5)


def test_a_loaded_checkpoint_needs_no_second_copy_of_its_weights(tmp_path):
    tokenizer = train_tokenizer(["沈青峰走进青石镇。" * 50], "char")
    config = ModelConfig(**{**CONFIG.to_dict(), "vocab_size": tokenizer.vocab_size})
    model = random_model(config)
    save_checkpoint(tmp_path / "first", model, tokenizer, {})
    loaded = load_checkpoint(tmp_path / "first").model
    for block in loaded.model.layers:
        for layers in (
            (block.self_attn.q_proj, block.self_attn.k_proj, block.self_attn.v_proj),
            (block.mlp.gate_proj, block.mlp.up_proj),
        ):
            whole = joined(*layers)
            assert whole.data_ptr() == layers[0].weight.data_ptr()
            assert torch.equal(whole, torch.cat([layer.weight for layer in layers]))
    for apart in model.model.layers:
        assert joined(apart.mlp.gate_proj, apart.mlp.up_proj).data_ptr() != apart.mlp.gate_proj.weight.data_ptr()
    save_checkpoint(tmp_path / "second", loaded, tokenizer, {})
    first, second = (load_file(tmp_path / name / "model.safetensors") for name in ("first", "second"))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (tmp_path / "first/model.safetensors").stat().st_size == (
        tmp_path / "second/model.safetensors"
    ).stat().st_size


def test_texts_are_those_of_the_model_after_it_has_been_trained_on(tmp_path):
    """A decoder made after an optimizer's step sees the weights as they are now, also where they lie together."""
    tokenizer = train_tokenizer(["沈青峰走进青石镇。" * 50], "char")
    config = ModelConfig(**{**CONFIG.to_dict(), "vocab_size": tokenizer.vocab_size})
    save_checkpoint(tmp_path / "model", random_model(config), tokenizer, {})
    model = load_checkpoint(tmp_path / "model").model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    ids = torch.randint(0, config.vocab_size, (2, 12))
    for _ in range(3):
        model.loss(ids[:, :-1], ids[:, 1:]).backward()
        optimizer.step()
        optimizer.zero_grad()
        written = generate(model, [[3, 4]], Sampling(8), set())[0].ids
        context = [3, 4]
        for id in written:
            with torch.inference_mode():
                assert id == int(model.logits(model(torch.tensor([context])))[0, -1].argmax())
            context.append(id)
