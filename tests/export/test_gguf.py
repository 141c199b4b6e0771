"""GGUF: llama.cpp reads the ids, the weights and the template that we read."""

import json

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.conformance import extracts, other_continuations, other_ids, perplexities
from benchmarks.llama import Llama
from jianghu.chat import question, render
from jianghu.errors import InputError
from jianghu.export import write_gguf
from jianghu.model import ModelConfig, load_checkpoint, save_checkpoint
from jianghu.tokenizer import CHAT_TEMPLATE, SPECIAL_TOKENS

from ..conftest import PEOPLE, novel_text
from ..model.test_transformer import random_model
from .conftest import HARD_TEXTS, shelf_text

ANY_TEXT = st.text(min_size=1) | st.text("沈青峰，。“”\n\r\t 　a1'sſ🙂é𠀀\ufffd", min_size=1)


def test_llama_splits_text_into_our_ids(pair):
    ours, theirs = pair
    assert other_ids(ours, theirs, [*HARD_TEXTS, *extracts(novel_text(), 300)]) == []


@pytest.mark.slow
def test_llama_splits_ten_thousand_extracts_into_our_ids(pair):
    """Of the books in JIANGHU_NOVELS, if that is set: `JIANGHU_NOVELS=~/novels pytest -m slow tests/export`."""
    ours, theirs = pair
    assert other_ids(ours, theirs, extracts(shelf_text(), 10_000)) == []


@given(text=ANY_TEXT)
@settings(deadline=None)
def test_llama_splits_any_text_into_our_ids(pair, text):
    ours, theirs = pair
    assert theirs.encode(text) == ours.encode(text)


def test_the_template_in_the_file_renders_the_ids_of_training(pair):
    ours, theirs = pair
    talks = [
        question(" 沈青峰是谁？\n"),
        [{"role": "system", "content": "答得短些。"}, *question("他在哪里？")],
        [*question("甲"), {"role": "assistant", "content": "乙 🙂"}, *question("丙\n\n丁")],
    ]
    for talk in talks:
        assert theirs.encode(theirs.render(talk), special=True) == render(ours, talk, prompt=True).ids


def test_special_tokens_are_control_tokens(pair):
    _, theirs = pair
    assert [theirs.encode(token, special=True) for token in SPECIAL_TOKENS] == [[n] for n in range(len(SPECIAL_TOKENS))]


@pytest.mark.parametrize("which", ["chat", "lively"])
def test_greedy_text_of_fifty_prompts_equals_ours(which, tmp_path, request):
    checkpoint = request.getfixturevalue(which)
    write_gguf(checkpoint, tmp_path / "f32.gguf", "f32")
    asked = [f"{name}{what}？" for name in PEOPLE for what in ("是谁", "在哪里", "拿着什么")]
    prompts = [render(checkpoint.tokenizer, question(text), prompt=True).ids for text in asked]
    prompts += [checkpoint.tokenizer.encode(text) for text in extracts(novel_text(), 50 - len(prompts), most=30)]
    llama = Llama(tmp_path / "f32.gguf", checkpoint.model.config.block_size)
    assert other_continuations(checkpoint, llama, prompts, 60) == []
    if which == "lively":
        assert len({tuple(llama.greedy(prompt, 20)) for prompt in prompts}) > 40


@pytest.mark.parametrize(("kind", "most"), [("f32", 0.0001), ("f16", 0.002), ("q8_0", 0.01)])
def test_perplexity_is_ours(chat, gguf_of, kind, most):
    block = chat.model.config.block_size
    rows = [chat.tokenizer.encode(text)[:block] for text in extracts(novel_text(chapters=1, seed=9), 4)]
    ours, theirs = perplexities(chat, Llama(gguf_of(kind), block, exact=kind == "f32"), rows)
    assert sum(map(len, rows)) > 100
    assert 1 < ours < chat.tokenizer.vocab_size
    assert theirs / ours == pytest.approx(1, abs=most)


def test_the_file_says_what_it_must(gguf_of, chat):
    reader = gguf.GGUFReader(gguf_of("q8_0"))
    config = chat.model.config
    expected = {
        "general.architecture": "qwen3",
        "general.name": "chat-last",
        "general.file_type": 7,
        "qwen3.context_length": config.block_size,
        "qwen3.attention.key_length": config.head_dim,
        "qwen3.rope.freq_base": config.rope_theta,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }
    assert {key: reader.get_field(key).contents() for key in expected} == expected
    stored = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert "output.weight" not in stored  # tied to the embedding
    assert stored["token_embd.weight"] == stored["blk.1.ffn_down.weight"] == "Q8_0"
    assert stored["blk.0.attn_q_norm.weight"] == stored["output_norm.weight"] == "F32"
    assert len(stored) == len(chat.model.state_dict())


def test_a_width_that_no_block_of_32_divides_is_kept_in_f16(chat, tmp_path):
    model = random_model(ModelConfig(chat.tokenizer.vocab_size, 64, 1, 2, 1, 48, 96))
    save_checkpoint(tmp_path / "odd", model, chat.tokenizer, {})
    write_gguf(load_checkpoint(tmp_path / "odd"), tmp_path / "odd.gguf", "q8_0")
    stored = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(tmp_path / "odd.gguf").tensors}
    assert stored["blk.0.attn_q.weight"] == "F16"
    assert stored["blk.0.ffn_down.weight"] == "Q8_0"
    assert len(Llama(tmp_path / "odd.gguf", context=64).greedy([5, 6, 7], 8)) == 8


def test_the_same_checkpoint_gives_the_same_file(chat, gguf_of, tmp_path):
    write_gguf(chat, tmp_path / "again.gguf", "f16")
    assert (tmp_path / "again.gguf").read_bytes() == gguf_of("f16").read_bytes()


@pytest.mark.parametrize(
    "harm",
    [
        lambda state: state["model"].update(ignore_merges=True),
        lambda state: state["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": r"\s+"}),
    ],
)
def test_a_tokenizer_that_llama_would_not_follow_is_refused(chat, tmp_path, harm):
    save_checkpoint(tmp_path / "foreign", chat.model, chat.tokenizer, {})
    path = tmp_path / "foreign" / "tokenizer.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    harm(state)
    path.write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(InputError, match=r"tokenizer\.json: not a tokenizer of jianghu's"):
        write_gguf(load_checkpoint(tmp_path / "foreign"), tmp_path / "x.gguf")
    assert not (tmp_path / "x.gguf").exists()
