"""A checkpoint folder is a Hugging Face model, and a damaged one is refused in one line."""

import json

import pytest
import torch

from jianghu.errors import InputError
from jianghu.generation import Sampling, generate
from jianghu.model import ModelConfig, load_checkpoint, save_checkpoint
from jianghu.tokenizer_training import train_tokenizer

from ..conftest import novel_text
from .test_transformer import random_model


@pytest.fixture
def folder(tmp_path):
    tokenizer = train_tokenizer(novel_text(2).splitlines(keepends=True), "bpe", 400)
    config = ModelConfig(tokenizer.vocab_size, 64, 2, 4, 2, 32, 64, rope_theta=777.0)
    save_checkpoint(tmp_path / "best", random_model(config), tokenizer, {"step": 3})
    return tmp_path / "best"


def test_transformers_loads_it_with_equal_logits_and_equal_greedy_text(folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3ForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(folder).eval()
    assert isinstance(theirs, Qwen3ForCausalLM)
    ours = load_checkpoint(folder)
    ids = torch.randint(0, ours.model.config.vocab_size, (2, 64))
    with torch.inference_mode():
        assert torch.allclose(ours.model.logits(ours.model(ids)), theirs(ids).logits, atol=1e-4)
    prompt = ours.tokenizer.encode("沈青峰道")
    assert AutoTokenizer.from_pretrained(folder).encode("沈青峰道") == prompt
    stop = {ours.tokenizer.im_end, ours.tokenizer.end_of_text}
    written = generate(ours.model, [prompt], Sampling(max_new_tokens=40), stop)[0]
    expected = theirs.generate(torch.tensor([prompt]), max_new_tokens=40, do_sample=False)[0].tolist()
    assert expected[: len(prompt) + len(written.ids)] == prompt + written.ids


def test_it_is_written_so_that_old_and_new_transformers_read_it_right(folder):
    config = json.loads((folder / "config.json").read_text())
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == 777.0
    assert config["head_dim"] == 8
    assert config["max_position_embeddings"] == 64
    assert json.loads((folder / "tokenizer_config.json").read_text())["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert json.loads((folder / "tokenizer.json").read_text())["normalizer"] is None
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert "lm_head.weight" not in weights.keys()  # noqa: SIM118
        assert weights.get_slice("model.embed_tokens.weight").get_shape()[0] == config["vocab_size"]


def test_it_comes_back_bit_for_bit(folder):
    first = load_checkpoint(folder)
    save_checkpoint(folder.parent / "again", first.model, first.tokenizer, first.about)
    for name in ("model.safetensors", "config.json", "tokenizer.json", "jianghu.json"):
        assert (folder / name).read_bytes() == (folder.parent / "again" / name).read_bytes()


def damage(name, change):
    def apply(folder):
        path = folder / name
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return apply


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors: no such file"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 100), "damaged"),
        (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:5000]), "damaged"),
        (lambda folder: (folder / "config.json").write_text("{"), "not valid JSON"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json: no such file"),
        (damage("config.json", lambda data: data.update(model_type="llama")), "model_type is 'llama'"),
        (damage("config.json", lambda data: data.update(tie_word_embeddings=False)), "lm_head.weight has shape None"),
        (damage("config.json", lambda data: data.pop("hidden_size")), "hidden_size is missing"),
        (damage("config.json", lambda data: data.update(head_dim=128)), "config.json wants (128,)"),
        (damage("config.json", lambda data: data.update(vocab_size=9)), "tokens but the model 9 embedding rows"),
        (damage("config.json", lambda data: data.update(intermediate_size=60)), "config.json wants"),
    ],
)
def test_a_damaged_checkpoint_is_refused_by_name(folder, harm, message):
    harm(folder)
    with pytest.raises(InputError) as caught:
        load_checkpoint(folder)
    assert message in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_missing_checkpoint_is_answered_with_what_there_is(folder):
    with pytest.raises(InputError, match=r"no such checkpoint\. There are: best"):
        load_checkpoint(folder.parent / "lst")
