"""Text of a row as it comes: no half characters, no stop strings, nothing lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.generation import Detokenizer
from jianghu.tokenizer_training import train_tokenizer

BOOK = "沈青峰柳如烟顾长风，是谁在哪里？沈青峰在青石镇。柳如烟在青石镇。" * 4
BPE = train_tokenizer([BOOK], "bpe", 300)  # pieces of several characters
CHAR = train_tokenizer([BOOK], "char")  # what it does not know is spelled in bytes


def pieces(tokenizer, text, stops=()):
    """What each id lets out, and at last what was held back."""
    writer = Detokenizer(tokenizer.stream(), stops)
    found = []
    for id in tokenizer.encode(text):
        found.append(writer.push(id))
        if writer.stopped:
            break
    return [*found, writer.close()], writer


def test_a_character_of_several_tokens_comes_with_its_last_one():
    for character, width in (("é", 2), ("龘", 2), ("🐉", 4)):
        assert len(CHAR.encode(character)) == width
        found, writer = pieces(CHAR, f"沈{character}峰")
        assert found == ["沈", *[""] * (width - 1), character, "峰", ""]
        assert writer.shown == writer.decoded == 3


def test_half_a_character_at_the_end_is_never_shown():
    writer = Detokenizer(CHAR.stream())
    ids = CHAR.encode("沈龘")[:-1]
    assert "".join(map(writer.push, ids)) + writer.close() == "沈"
    broken = [*CHAR.encode("龘")[:1], *CHAR.encode("峰")]  # the model began another character instead
    assert "".join(map(Detokenizer(CHAR.stream()).push, broken)) == "峰"


def test_a_stop_string_across_tokens_ends_the_text_before_it():
    found, writer = pieces(CHAR, "沈青峰在青石镇", ["在青石"])
    assert found == ["沈", "青", "峰", "", "", "", ""]
    assert writer.stopped
    assert (writer.shown, writer.decoded) == (3, 6)


def test_what_only_began_like_a_stop_string_is_shown_after_all():
    found, writer = pieces(CHAR, "沈青沈青峰在", ["沈青峰柳", "青峰，"])
    assert found == ["", "", "沈青", "", "", "沈青峰在", ""]
    assert not writer.stopped
    found, _ = pieces(CHAR, "顾长", ["长风"])
    assert found == ["顾", "", "长"], "close gives what was held back"


def test_a_stop_string_whose_characters_are_split_over_tokens():
    found, writer = pieces(CHAR, "沈龘🐉峰", ["龘🐉"])
    assert "".join(found) == "沈"
    assert writer.stopped


@pytest.mark.parametrize("tokenizer", [BPE, CHAR], ids=["bpe", "char"])
@settings(deadline=None, max_examples=200)
@given(st.text("沈青峰在石镇。龘é🐉", max_size=24), st.lists(st.text("沈青峰在龘é", max_size=4), max_size=3))
def test_any_text_with_any_stop_strings(tokenizer, text, stops):
    found, writer = pieces(tokenizer, text, stops)
    decoder, so_far, shown, expected = tokenizer.stream(), "", "", None
    for id, piece in zip(tokenizer.encode(text), found[:-1], strict=False):
        so_far, shown = so_far + decoder.push(id), shown + piece
        hits = [at for stop in stops if stop and (at := so_far.find(stop)) >= 0]
        if hits:
            expected = so_far[: min(hits)]
            break
        held = so_far[len(shown) :]
        assert so_far.startswith(shown)
        assert not held or any(stop.startswith(held) for stop in stops), "nothing else is held back"
    assert writer.stopped == (expected is not None)
    assert "".join(found) == (text if expected is None else expected)
    assert writer.shown == len("".join(found))
