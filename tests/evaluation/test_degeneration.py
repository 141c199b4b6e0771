"""Loops, broken characters, text copied from a book: what is planted is found, what is not is left alone."""

import random
import re

import pytest

from jianghu.evaluation import copied, distinct, is_garbage, is_loop, loop_span
from jianghu.text import normalise

from ..conftest import novel_text


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("曹操曹操曹操曹操", True),
        ("他说，他说，他说，他说，他说", True),
        ("大怒大怒大怒", False),
        ("呵呵呵呵呵呵呵呵", True),
        ("。。。。。。。。", True),
        ("刘备、关羽、张飞在桃园结义，共图大事。", False),
        ("却说孔明，" * 3, True),
        ("却说孔明，" * 2, False),
        ("前面好好的，后来就一直一直一直一直一直一直", True),
        ("", False),
    ],
)
def test_loops(text, loop):
    assert is_loop(text) is loop


def test_every_planted_loop_is_found_and_no_sentence_of_a_novel_is_taken_for_one():
    draw = random.Random(5)
    sentences = [line for line in re.sub(r"\s", "", novel_text(chapters=4)).split("。") if len(line) > 12]
    for sentence in sentences:
        assert not is_loop(sentence), sentence
        start = draw.randrange(len(sentence) - 6)
        piece = sentence[start : start + draw.randint(1, 12)]
        times = max(3, -(-8 // max(1, len(normalise(piece)))))
        looping = sentence + piece * times + draw.choice(["", "。", sentence[:5]])
        assert is_loop(looping), looping


def test_the_span_of_a_loop_is_where_it_stands():
    start, end = loop_span("刘备大哭。他说，他说，他说，他说，再没有话")
    assert "刘备大哭。他说，他说，他说，他说，再没有话"[start:end] == "他说，他说，他说，他说"


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("好。", False),
        ("一\n二\t三", False),
        ("坏\ufffd", True),
        ("坏\x07", True),
        ("\ue000", True),
        ("好<|im_end|>", True),
    ],
)
def test_garbage(text, bad):
    assert is_garbage(text) is bad


def test_distinct_counts_different_pairs_over_all_answers():
    assert distinct(["曹操", "曹操"], 2) == 0.5
    assert distinct(["曹操笑", "曹操怒"], 2) == 3 / 4
    assert distinct(["曹"], 2) == 0.0


def test_the_copied_share_by_hand():
    book = "却说沈青峰当夜三更走进青石镇，见柳如烟带着一封密信。"
    whole, none, half, short = (
        "沈青峰当夜三更走进青石镇",
        "沈青峰去了别处找人",
        "沈青峰当夜三更走，然后他就睡着了",
        "走进青石镇",
    )
    assert copied([whole, none, half, short, ""], [book]) == [1.0, 0.0, 8 / 15, 0.0, 0.0]
    assert copied([whole], []) == [0.0]
    assert copied([whole], ["没有", book]) == [1.0]
