"""The page's tokenizer and model, in Node.js, beside ours: ids, prompts, greedy text, perplexity, sampling."""

import dataclasses
import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from benchmarks.conformance import extracts
from jianghu.chat import newest_turns, question, render
from jianghu.errors import InputError
from jianghu.export.html.pack import LARGEST, pack
from jianghu.generation import Sampling, generate
from jianghu.generation.sampling import Sampler
from jianghu.model import ModelConfig, Transformer, load_checkpoint, save_checkpoint
from jianghu.tokenizer_training import train_tokenizer

from ..conftest import PEOPLE, novel_text
from ..model.test_transformer import random_model
from ..strangers import write_stranger
from .conftest import HARD_TEXTS, shelf_text
from .page import NODE, as_float16, in_node

pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed here")

QUESTIONS = [f"{name}{what}？" for name in PEOPLE for what in ("是谁", "在哪里", "拿着什么")]


@pytest.fixture(scope="module", params=["bpe", "char"])
def tokenized(request, tmp_path_factory):
    """A checkpoint with a tokenizer of each kind, and the smallest model there can be."""
    lines = shelf_text().splitlines(keepends=True)
    tokenizer = train_tokenizer(lines[:: max(1, len(lines) // 2000)], request.param, 2000)
    folder = tmp_path_factory.mktemp(f"page-{request.param}") / "model"
    save_checkpoint(folder, random_model(ModelConfig(tokenizer.vocab_size, 64, 1, 2, 2, 4, 4)), tokenizer, {})
    return load_checkpoint(folder)


def same_ids(checkpoint, texts):
    theirs = in_node(checkpoint, "encode", texts=texts)
    ours = checkpoint.tokenizer.encode_many(texts)
    return [text for text, a, b in zip(texts, ours, theirs, strict=True) if a != b]


def every_character():
    """Each character of Unicode beside a letter, a digit, a mark and a space, some hundreds in a text."""
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    return ["".join(f"a{chr(code)}1'{chr(code)} " for code in codes[at : at + 400]) for at in range(0, len(codes), 400)]


def strange_texts(count):
    """Texts of what splits and merges stumble over, put together by chance."""
    chance = random.Random(5)
    pieces = [*"沈青峰，。“”\n\r\t 　a1'sſ🙂é𠀀\ufffd\x85\ufeff", "  ", "\r\n", "'ll", "'RE", *HARD_TEXTS]
    return ["".join(chance.choices(pieces, k=chance.randint(1, 12))) for _ in range(count)]


def test_ids_of_novels_and_of_rare_texts_are_ours(tokenized):
    assert same_ids(tokenized, [*HARD_TEXTS, *strange_texts(1000), *extracts(shelf_text(), 1000)]) == []


@pytest.mark.slow
def test_ten_thousand_extracts_and_every_character_have_our_ids(tokenized):
    """Of the books in JIANGHU_NOVELS, if that is set: `JIANGHU_NOVELS=~/novels pytest -m slow tests/export`."""
    assert same_ids(tokenized, extracts(shelf_text(), 10_000)) == []
    assert same_ids(tokenized, strange_texts(10_000)) == []
    assert same_ids(tokenized, every_character()) == []


def test_letters_that_a_browser_may_not_know_are_letters_as_in_training(tokenized):
    """Characters that became letters in late versions of Unicode, or that are none yet."""
    late = [chr(code) for first in (0x2EBF0, 0x31350, 0x323B0, 0x1E4D0, 0x10D40) for code in range(first, first + 8)]
    assert same_ids(tokenized, [f"沈{one}青 1{one}2 {one}。" for one in late]) == []


def test_halves_of_characters_in_a_text_are_left_out(tokenized):
    assert in_node(tokenized, "encode", texts=["沈\ud800青"]) == [tokenized.tokenizer.encode("沈青")]


def test_a_very_long_word_is_read_in_time(tokenized):
    assert same_ids(tokenized, [shelf_text().replace("\n", "").replace("，", "").replace("。", "")[:4000]]) == []


def test_prompts_are_those_of_training_and_the_oldest_turns_go(tokenized):
    talk = [{"role": role, "content": f" {text}\n\x1f"} for _ in range(3)
            for role, text in (("user", "沈青峰是谁？"), ("assistant", "他是一位侠客 🙂。"))]  # fmt: skip
    talks = [talk[:1], talk[:3], talk[:5]]
    long = "却说沈青峰" * 50
    texts = ["", "沈青峰", long]
    requests = [*({"messages": talk} for talk in talks), *({"prompt": text} for text in texts)]
    theirs = in_node(tokenized, "prompts", requests=requests)
    tokenizer, room = tokenized.tokenizer, tokenized.model.config.block_size - 1
    ours = [render(tokenizer, newest_turns(tokenizer, talk, room), prompt=True).ids[-room:] for talk in talks]
    ours += [(tokenizer.encode(text) or [tokenizer.end_of_text])[-room:] for text in texts]
    assert theirs == ours


@given(texts=st.lists(st.text(), min_size=30, max_size=30))
@settings(max_examples=3, deadline=None)
def test_any_text_comes_back_from_its_ids(tokenized, texts):
    rows = tokenized.tokenizer.encode_many(texts)
    assert in_node(tokenized, "decode", rows=rows) == [text.replace("\ufffd", "") for text in texts]


def test_what_a_model_writes_never_holds_half_characters(tokenized):
    chance = random.Random(1)
    rows = [[chance.randrange(tokenized.tokenizer.vocab_size) for _ in range(20)] for _ in range(200)]
    assert in_node(tokenized, "decode", rows=rows) == [
        "".join(map(tokenized.tokenizer.stream().push, row)) for row in rows
    ]


@pytest.mark.parametrize("which", ["chat", "lively"])
@pytest.mark.parametrize("plain", [False, True])
def test_greedy_text_of_fifty_prompts_equals_the_float16_checkpoints(which, plain, request):
    checkpoint = as_float16(request.getfixturevalue(which))
    tokenizer = checkpoint.tokenizer
    prompts = [render(tokenizer, question(text), prompt=True).ids for text in QUESTIONS]
    beginnings = extracts(novel_text(), 50 - len(prompts), most=30)
    prompts += [tokenizer.encode(text) for text in beginnings]
    requests = [{"messages": question(text), "max_tokens": 60} for text in QUESTIONS]
    requests += [{"prompt": text, "max_tokens": 60} for text in beginnings]
    theirs = in_node(request.getfixturevalue(which), "write", "f16", plain, requests=requests)
    ours = generate(checkpoint.model, prompts, Sampling(60), tokenizer.stop_ids)
    assert [row["said"] for row in theirs] == [tokenizer.written(row.ids) for row in ours]
    assert [row["finish"] == "stop" for row in theirs] == [row.finished for row in ours]
    if which == "lively":
        assert len({row["said"] for row in theirs}) > 40


def test_a_model_of_others_writes_the_same_in_the_page(tmp_path):
    """Heads wider than the model, a padded vocabulary, an untied head, NFC, added tokens."""
    checkpoint = load_checkpoint(write_stranger(tmp_path))
    texts = ["<think>e\u0301沈青峰</think>", "次日清晨，", "a 1’s"]
    ids = checkpoint.tokenizer.encode_many(texts)
    assert in_node(checkpoint, "encode", texts=texts) == ids
    theirs = in_node(checkpoint, "write", "f32", requests=[{"prompt": text, "max_tokens": 30} for text in texts])
    ours = generate(checkpoint.model, ids, Sampling(30), checkpoint.tokenizer.stop_ids)
    assert [row["said"] for row in theirs] == [checkpoint.tokenizer.written(row.ids) for row in ours]


def test_a_text_that_outgrows_the_context_goes_on_as_ours_does(lively):
    texts = extracts(novel_text(), 8, most=30)
    theirs = in_node(lively, "write", requests=[{"prompt": text, "max_tokens": 200} for text in texts])
    prompts = [lively.tokenizer.encode(text) for text in texts]
    ours = generate(lively.model, prompts, Sampling(200), lively.tokenizer.stop_ids)
    assert max(len(row.ids) for row in ours) > lively.model.config.block_size
    assert [row["said"] for row in theirs] == [lively.tokenizer.written(row.ids) for row in ours]


def test_the_repetition_penalty_is_ours(chat):
    request = {"messages": question("沈青峰是谁？"), "max_tokens": 40, "repetition_penalty": 1.7}
    [theirs] = in_node(chat, "write", requests=[request])
    prompt = render(chat.tokenizer, question("沈青峰是谁？"), prompt=True).ids
    [ours] = generate(chat.model, [prompt], Sampling(40, repetition_penalty=1.7), chat.tokenizer.stop_ids)
    assert theirs["said"] == chat.tokenizer.written(ours.ids)


@pytest.mark.parametrize(
    "shape", [(1, 2, 2, 12, 20), (2, 4, 2, 32, 64), (1, 3, 1, 6, 10)], ids=["odd", "shared keys", "no multiple of four"]
)
@pytest.mark.parametrize(("kind", "most"), [("f32", 0.0001), ("f16", 0.002), ("q8_0", 0.01)])
def test_perplexity_is_ours_for_any_shape(chat, tmp_path, shape, kind, most):
    config = ModelConfig(chat.tokenizer.vocab_size, 64, *shape, rope_theta=5000.0)
    save_checkpoint(tmp_path / "model", random_model(config), chat.tokenizer, {})
    close_perplexity(load_checkpoint(tmp_path / "model"), kind, most)


@pytest.mark.parametrize(("kind", "most"), [("f32", 0.0001), ("f16", 0.002), ("q8_0", 0.01)])
def test_perplexity_of_a_trained_model_is_ours(chat, kind, most):
    close_perplexity(chat, kind, most)


def close_perplexity(checkpoint, kind, most):
    block = checkpoint.model.config.block_size
    rows = [checkpoint.tokenizer.encode(text)[:block] for text in extracts(novel_text(chapters=1, seed=9), 4)]
    count = sum(len(ids) - 1 for ids in rows)
    assert count > 100
    with torch.inference_mode():
        ours = [checkpoint.model.loss(torch.tensor([ids[:-1]]), torch.tensor([ids[1:]])).item() for ids in rows]
    theirs = in_node(checkpoint, "nats", kind, rows=rows)
    assert math.exp((sum(theirs) - sum(ours)) / count) == pytest.approx(1, abs=most)


def test_draws_follow_the_shares_that_the_settings_leave(chat):
    """Of the first token of an answer: the same ids can be drawn as by our sampler, about as often."""
    prompt, count = "沈青峰", 400
    with torch.inference_mode():
        scores = chat.model.logits(chat.model(torch.tensor([chat.tokenizer.encode(prompt)])))[0, -1]
    for cut in ({"top_k": 5}, {"top_p": 0.4}, {"min_p": 0.3}, {"top_k": 8, "top_p": 0.7}):
        asked = {"prompt": prompt, "max_tokens": 1, "temperature": 0.9, **cut}
        said = in_node(chat, "write", requests=[{**asked, "seed": seed + 1} for seed in range(count)])
        sampling = Sampling(1, temperature=0.9, **cut)
        ours = [
            Sampler([sampling], [[]], len(scores), scores.device).choose(scores[None].clone(), [draw]).item()
            for draw in np.linspace(0, 0.999, 2000).tolist()
        ]
        shares = {id: ours.count(id) / len(ours) for id in set(ours)}
        texts = {id: chat.tokenizer.written([id]) if id not in chat.tokenizer.stop_ids else "" for id in shares}
        drawn = [row["said"] for row in said]
        assert set(drawn) <= set(texts.values()), cut
        for id, share in shares.items():
            if list(texts.values()).count(texts[id]) == 1:
                assert drawn.count(texts[id]) / count == pytest.approx(share, abs=0.1), cut
    again = [in_node(chat, "write", requests=[{"prompt": prompt, "max_tokens": 20, "temperature": 1.5, "seed": 7}])]
    again += [in_node(chat, "write", requests=[{"prompt": prompt, "max_tokens": 20, "temperature": 1.5, "seed": 7}])]
    assert again[0] == again[1]


def test_what_cannot_be_a_page_is_refused(chat, tmp_path):
    save_checkpoint(tmp_path / "other", chat.model, chat.tokenizer, {})
    other = load_checkpoint(tmp_path / "other")
    other.tokenizer.backend.normalizer = normalizers.Lowercase()
    with pytest.raises(InputError, match="other ids"):
        pack(other)
    with torch.device("meta"):
        large = Transformer(ModelConfig(20_000, 64, 24, 16, 16, 1536, 4096))
    assert large.config.parameters > LARGEST
    with pytest.raises(InputError, match="too many for a page"):
        pack(dataclasses.replace(chat, model=large))
