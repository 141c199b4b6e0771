"""Conversations that are longer than a model reads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.chat import Message, newest_turns, render
from jianghu.tokenizer_training import train_tokenizer

TOKENIZER = train_tokenizer(["沈青峰柳如烟顾长风是谁在哪里？"], "char")


def talk(*turns: str) -> list[Message]:
    """Messages from `role: content`; u, a and s stand for the roles."""
    roles = {"u": "user", "a": "assistant", "s": "system"}
    return [{"role": roles[turn[0]], "content": turn[2:]} for turn in turns]  # type: ignore[typeddict-item]


def size(messages):
    return len(render(TOKENIZER, messages, prompt=True).ids)


def test_what_fits_is_left_as_it_is():
    whole = talk("a:好", "u:沈青峰是谁？")  # even one that begins with an answer
    assert newest_turns(TOKENIZER, whole, size(whole)) == whole


@pytest.mark.parametrize("system", [[], talk("s:青峰")])
def test_questions_go_with_their_answers_and_the_system_message_stays(system):
    old, new, last = talk("u:沈青峰是谁？", "a:顾长风"), talk("u:柳如烟在哪里？", "a:青峰"), talk("u:谁？")
    whole = system + old + new + last
    assert newest_turns(TOKENIZER, whole, size(whole) - 1) == system + new + last
    assert newest_turns(TOKENIZER, whole, size(system + new + last) - 1) == system + last
    assert newest_turns(TOKENIZER, whole, size(system + last) - 1) == last


def test_the_last_message_stays_even_where_it_is_too_long():
    for whole in (talk("u:沈青峰是谁？"), talk("s:青峰"), talk("s:青峰", "u:谁？"), talk("u:谁？", "a:顾长风")):
        assert newest_turns(TOKENIZER, whole, 1) == whole[-1:]


TURNS = st.lists(st.tuples(st.sampled_from("uas"), st.text("沈青峰是谁？", max_size=9)).map(":".join), min_size=1)


@settings(deadline=None)
@given(TURNS, st.integers(0, 120))
def test_the_result_fits_unless_one_message_is_too_long(turns, room):
    whole = talk(*turns)
    kept = newest_turns(TOKENIZER, whole, room)
    assert size(kept) <= room or len(kept) == 1
    assert kept[-1] == whole[-1]
    assert kept in (whole[-len(kept) :], whole[:1] + whole[len(whole) - len(kept) + 1 :])
