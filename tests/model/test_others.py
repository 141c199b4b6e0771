"""Qwen3 checkpoints of others: read as transformers reads them, trained as it trains them, written on for llama.cpp."""

import functools
import json
import unicodedata
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.llama import Llama
from jianghu.dataset import Batch
from jianghu.errors import InputError
from jianghu.export import write_gguf
from jianghu.generation import Sampling, generate
from jianghu.generation.loglikelihood import loglikelihoods
from jianghu.model import load_checkpoint, save_checkpoint
from jianghu.recipe import PretrainSettings
from jianghu.tokenizer import Tokenizer
from jianghu.training.optim import learning_rate
from jianghu.training.state import TrainState
from jianghu.training.trainer import TrainStep
from jianghu.training.world import World

from ..strangers import PADDING, TEMPLATE, stranger_tokenizer, write_stranger


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_stranger(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def theirs(folder):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.fixture
def copy(folder, tmp_path):
    """The folder, to do harm to."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_another_shape_in_two_shards_gives_the_logits_of_transformers(folder, theirs):
    assert len(list(folder.glob("model-*.safetensors"))) == 2
    ours = load_checkpoint(folder)
    assert ours.model.config.head_dim * ours.model.config.n_head != ours.model.config.n_embd
    assert ours.model.config.parameters == sum(weight.numel() for weight in theirs.parameters())
    ids = torch.randint(0, ours.model.config.vocab_size, (2, 100))
    with torch.inference_mode():
        assert torch.allclose(ours.model.logits(ours.model(ids)), theirs(ids).logits, atol=1e-4)


@pytest.mark.parametrize("other", [True, False])
def test_a_head_that_is_said_to_be_the_embedding_may_stand_in_the_file(tmp_path, other):
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM

    write_stranger(tmp_path, tie_word_embeddings=True, hidden_size=64, head_dim=32, num_hidden_layers=1)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    embedding = weights["model.embed_tokens.weight"]
    weights["lm_head.weight"] = torch.randn_like(embedding) if other else embedding.clone()
    save_file(weights, path, metadata={"format": "pt"})
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    ours = load_checkpoint(tmp_path).model
    assert ours.config.tied is not other
    ids = torch.randint(0, ours.config.vocab_size, (1, 30))
    with torch.inference_mode():
        assert torch.allclose(ours.logits(ours(ids)), theirs(ids).logits, atol=1e-4)


def test_twenty_steps_beside_transformers_have_equal_losses(folder):
    from transformers import AutoModelForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).train()
    model = load_checkpoint(folder).model.train()
    rows = torch.randint(0, model.n_tokens, (20, 4, 41), generator=torch.Generator().manual_seed(1))
    settings = PretrainSettings(
        max_iters=20, batch_size=4, block_size=40, optimizer="adamw", learning_rate=1e-3, warmup_iters=3,
        dtype="float32", compile="off",
    )  # fmt: skip

    def batch(number, part=slice(None)):
        return Batch(rows[number, part, :-1], rows[number, part, 1:], rows[number, :, 1:].numel())

    source = SimpleNamespace(batch=batch, batches_per_epoch=20.0, characters_per_target=1.0)
    stepper = TrainStep(settings, model, source, World(), TrainState())
    matrices = [weight for weight in theirs.parameters() if weight.ndim >= 2]
    vectors = [weight for weight in theirs.parameters() if weight.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.99))
    for step in range(20):
        for group in adam.param_groups:
            group["lr"] = learning_rate(step, settings)
        loss = theirs(input_ids=rows[step], labels=rows[step]).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        assert float(stepper.take(step)) == pytest.approx(loss.item(), rel=2e-5), step


def test_rows_that_pad_the_embedding_are_scored_but_never_written(folder, theirs):
    checkpoint = load_checkpoint(folder)
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    assert model.config.vocab_size - tokenizer.vocab_size == PADDING
    with torch.no_grad():
        model.head[tokenizer.vocab_size :] = 3 * model.head[: tokenizer.vocab_size].abs().max()  # likely as can be
    prompts = [tokenizer.encode(text) for text in ("沈青峰", "次日清晨，", "a")]
    for sampling in (Sampling(40), Sampling(40, temperature=5.0, repetition_penalty=1.2, logprobs=3)):
        for row in generate(model, prompts, sampling, tokenizer.stop_ids):
            assert max(row.ids, default=0) < tokenizer.vocab_size
    model = load_checkpoint(folder).model
    text = tokenizer.encode("沈青峰道：后会有期。")
    with torch.inference_mode():
        scores = theirs(torch.tensor([text])).logits[0].log_softmax(-1)
    expected = sum(float(scores[n - 1, text[n]]) for n in range(1, len(text)))
    assert loglikelihoods(model, [(text[:1], text[1:])]) == [pytest.approx(expected, rel=1e-4)]


def test_llama_cpp_writes_the_same_text(folder, tmp_path):
    checkpoint = load_checkpoint(folder)
    write_gguf(checkpoint, tmp_path / "f32.gguf", "f32")
    llama = Llama(tmp_path / "f32.gguf", context=128)
    texts = ["沈青峰道", "次日清晨，柳如烟", "<think>\n", "a 1’s\n\n", "🙂"]
    for text in texts:
        prompt = checkpoint.tokenizer.encode(text)
        assert llama.encode(text) == prompt
        (ours,) = generate(checkpoint.model, [prompt], Sampling(40), checkpoint.tokenizer.stop_ids)
        assert llama.greedy(prompt, 40)[: len(ours.ids)] == ours.ids
    assert llama.render([{"role": "user", "content": "甲"}]).endswith("<think>\n\n</think>\n\n")


def test_it_comes_back_as_it_was_but_in_float32_and_one_file(folder, theirs, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    first = load_checkpoint(folder)
    save_checkpoint(tmp_path / "again", first.model, first.tokenizer, {})
    again = load_checkpoint(tmp_path / "again")
    assert again.model.config == first.model.config
    assert again.tokenizer.stop_ids == first.tokenizer.stop_ids
    assert again.tokenizer.chat_template == TEMPLATE
    read = AutoModelForCausalLM.from_pretrained(tmp_path / "again").eval()
    ids = torch.randint(0, 600, (1, 50))
    with torch.inference_mode():
        assert torch.equal(read(ids).logits, theirs(ids).logits)
    assert AutoTokenizer.from_pretrained(tmp_path / "again").encode("e\u0301<think>") == again.tokenizer.encode(
        "é<think>"
    )


@functools.cache
def stranger() -> Tokenizer:
    return Tokenizer(stranger_tokenizer())


@given(text=st.text() | st.text("沈青峰，。“”\n\r\t 　a1'🙂é𠀀<think>"))
def test_characters_of_any_text_in_nfc_are_counted_right(text):
    tokenizer = stranger()
    text = unicodedata.normalize("NFC", text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.chars_per_token[ids].sum() == len(text)


def test_the_ids_that_end_a_text_are_those_of_the_model(copy):
    tokenizer = load_checkpoint(copy).tokenizer
    names = ("<|endoftext|>", "<|im_end|>")
    assert tokenizer.stop_ids == {tokenizer.backend.token_to_id(name) for name in names}
    (copy / "generation_config.json").write_text(json.dumps({"eos_token_id": [7, 10**9, None, "x"]}))
    assert load_checkpoint(copy).tokenizer.stop_ids == tokenizer.stop_ids | {7}


def change(name, **values):
    def apply(folder):
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return apply


def move(name):
    def apply(folder):
        path = folder / "model.safetensors.index.json"
        table = dict.fromkeys(json.loads(path.read_text())["weight_map"], name)
        path.write_text(json.dumps({"weight_map": table}))

    return apply


def of_tokenizer(harm):
    def apply(folder):
        path = folder / "tokenizer.json"
        state = json.loads(path.read_text())
        harm(state)
        path.write_text(json.dumps(state))

    return apply


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (change("config.json", model_type="qwen3_moe"), "jianghu reads dense Qwen3 models"),
        (change("config.json", rope_parameters={"rope_type": "yarn", "factor": 4.0}), "of the kind 'yarn'"),
        (change("config.json", rope_scaling={"type": "linear", "factor": 2.0}), "of the kind 'linear'"),
        (change("config.json", quantization_config={"bits": 4}), "quantization_config is on"),
        (change("config.json", hidden_act="gelu"), "hidden_act is not silu"),
        (change("config.json", head_dim=33), "head_dim 33 must be even"),
        (change("config.json", num_key_value_heads=3), "a multiple of num_key_value_heads 3"),
        (change("config.json", vocab_size=100), "tokens but the model 100 embedding rows"),
        (move("../model.safetensors"), "no safetensors file of this folder"),
        (move("model.bin"), "no safetensors file of this folder"),
        (move("other.safetensors"), "no such file; the checkpoint is not whole"),
        (change("model.safetensors.index.json", weight_map=[1]), "no table `weight_map`"),
        (lambda folder: next(folder.glob("model-*")).write_bytes(b"\0" * 99), "damaged"),
        (of_tokenizer(lambda state: state.update(normalizer={"type": "Lowercase"})), "byte-level BPE.*normalizer"),
        (of_tokenizer(lambda state: state["model"].update(end_of_word_suffix="</w>")), "end_of_word_suffix"),
        (of_tokenizer(lambda state: state["model"]["vocab"].pop("Ġ")), "byte-level BPE"),
        (of_tokenizer(lambda state: state.update(added_tokens=[])), r"has no <\|im_start\|>; jianghu speaks .* ChatML"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(copy, harm, message):
    harm(copy)
    with pytest.raises(InputError, match=message) as caught:
        load_checkpoint(copy)
    assert "\n" not in str(caught.value)
    assert str(copy) in str(caught.value)
