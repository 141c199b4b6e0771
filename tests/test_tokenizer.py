"""Tokenizers: exact round trips, whole characters, and agreement with Hugging Face."""

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.chat import Message, render
from jianghu.errors import InputError
from jianghu.tokenizer import SPECIAL_TOKENS, Tokenizer
from jianghu.tokenizer_training import train_tokenizer

from .conftest import novel_text


@functools.cache
def trained(kind: str) -> Tokenizer:
    return train_tokenizer(novel_text().splitlines(keepends=True), kind, 700)  # type: ignore[arg-type]


ANY_TEXT = st.text() | st.text("沈青峰，。“”\n\r\t 　a1'🙂é𠀀\ufffd")
kinds = pytest.mark.parametrize("kind", ["bpe", "char"])


@kinds
@given(text=ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_round_trip_is_exact_for_every_string(kind, text):
    tokenizer = trained(kind)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@kinds
@given(text=ANY_TEXT)
@settings(deadline=None)
def test_characters_are_counted_exactly_even_in_tokens_that_are_half_a_character(kind, text):
    tokenizer = trained(kind)
    assert tokenizer.chars_per_token[tokenizer.encode(text)].sum() == len(text)


@kinds
@given(ids=st.lists(st.integers(0, 10**6)))
@settings(deadline=None)
def test_no_stream_of_ids_ever_shows_half_a_character(kind, ids):
    tokenizer = trained(kind)
    ids = [id % tokenizer.vocab_size for id in ids]
    stream = tokenizer.stream()
    text = "".join(stream.push(id) for id in ids)
    assert "\ufffd" not in text
    text.encode("utf-8")
    assert text == tokenizer.decode(ids).replace("\ufffd", "")


def test_a_character_in_three_tokens_appears_once_it_is_whole():
    tokenizer = trained("bpe")
    ids = tokenizer.encode("𠀀")
    assert len(ids) > 2
    stream = tokenizer.stream()
    assert [stream.push(id) for id in ids] == [*([""] * (len(ids) - 1)), "𠀀"]


def test_char_mode_has_one_token_for_each_character_of_the_books():
    tokenizer = trained("char")
    text = novel_text()[:2000]
    assert len(tokenizer.encode(text)) == len(text)


def test_the_same_texts_give_the_same_tokenizer():
    lines = novel_text().splitlines(keepends=True)
    assert train_tokenizer(lines, "bpe", 700).backend.to_str() == trained("bpe").backend.to_str()


@kinds
def test_special_tokens_are_there_before_training_and_cannot_be_typed(kind):
    tokenizer = trained(kind)
    assert [tokenizer.backend.token_to_id(token) for token in SPECIAL_TOKENS] == list(range(len(SPECIAL_TOKENS)))
    typed = tokenizer.encode("<|im_end|>")
    assert tokenizer.im_end not in typed
    assert tokenizer.decode(typed) == "<|im_end|>"


@kinds
def test_role_names_are_single_tokens(kind):
    assert [len(trained(kind).encode(role)) for role in ("user", "assistant", "system")] == [1, 1, 1]


@pytest.mark.parametrize("size", [400, 700, 3000])
def test_the_vocabulary_has_the_size_that_was_asked_for(size):
    assert train_tokenizer(novel_text().splitlines(keepends=True), "bpe", size).vocab_size <= size


def test_what_people_ask_with_is_whole_although_no_book_has_it():
    for tokenizer in (trained("char"), train_tokenizer([novel_text()], "bpe", 8192)):
        assert [len(tokenizer.encode(word)) for word in ("啥", "吗", "哪", "您")] == [1, 1, 1, 1]
    traditional = train_tokenizer(["話說天下大勢，分久必合，合久必分。" * 20], "char")
    assert [len(traditional.encode(word)) for word in ("誰", "麼", "嗎", "裡")] == [1, 1, 1, 1]
    english = train_tokenizer(["It is a truth universally acknowledged. " * 20], "char")
    assert english.vocab_size < 400


def test_a_name_is_the_same_token_after_a_mark_as_elsewhere():
    text = "沈青峰道：好。于是沈青峰，与沈青峰同去。沈青峰笑道，沈青峰来也。“沈青峰”在此。" * 50
    tokenizer = train_tokenizer([text, novel_text()], "bpe", 6000)
    (name,) = tokenizer.encode("沈青峰")
    for around in ("，沈青峰，", "“沈青峰”", "：沈青峰。", "\n沈青峰"):
        assert name in tokenizer.encode(around)
    letters_and_marks = [t.decode("utf-8", "ignore") for t in tokenizer.token_bytes if len(t) > 4]
    assert not [t for t in letters_and_marks if any(c.isalpha() for c in t) and any(c in "，。：“”！？" for c in t)]


CONTENT = st.text(min_size=1).filter(lambda text: text.strip() and not any(token in text for token in SPECIAL_TOKENS))
TALK = st.lists(
    st.builds(
        lambda role, content: Message(role=role, content=content),
        st.sampled_from(["system", "user", "assistant"]),
        CONTENT,
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module", params=["bpe", "char"])
def pair(request, tmp_path_factory):
    """Our tokenizer, and transformers' reading of what it saved."""
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp(request.param)
    trained(request.param).save(folder)
    return Tokenizer.load(folder), AutoTokenizer.from_pretrained(folder)


@given(talk=TALK, prompt=st.booleans())
@settings(deadline=None)
def test_our_rendering_equals_the_chat_template(pair, talk, prompt):
    ours, theirs = pair
    expected = theirs.apply_chat_template(talk, add_generation_prompt=prompt, tokenize=True, return_dict=True)
    assert render(ours, talk, prompt).ids == list(expected["input_ids"])


def test_the_loss_falls_on_answers_and_their_end_token_alone():
    tokenizer = trained("bpe")
    talk: list[Message] = [
        {"role": "user", "content": "沈青峰是谁？"},
        {"role": "assistant", "content": " 沈青峰。\n"},
        {"role": "user", "content": "他在哪里？"},
        {"role": "assistant", "content": "青石镇。"},
    ]
    rendered = render(tokenizer, talk)
    parts = [rendered.ids[start:end] for start, end in rendered.spans]
    assert [tokenizer.decode(part) for part in parts] == ["沈青峰。", "青石镇。"]
    assert all(part[-1] == tokenizer.im_end for part in parts)
    start, end = rendered.spans[0]
    assert rendered.ids[end] == tokenizer.encode("\n")[0]
    assert tokenizer.decode(rendered.ids[:start]).endswith("沈青峰是谁？\nassistant\n")


def test_a_missing_or_damaged_tokenizer_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        Tokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a tokenizer"):
        Tokenizer.load(tmp_path)
