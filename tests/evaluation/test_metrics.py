"""Metrics against values worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.evaluation import character_f1, contains, first_clause, is_loop, rouge_l, wilson


@pytest.mark.parametrize(
    ("answer", "reference", "f1", "rouge"),
    [
        ("关羽", "关羽", 1.0, 1.0),
        ("关羽。", "“关羽”", 1.0, 1.0),
        ("", "关羽", 0.0, 0.0),
        ("张飞", "关羽", 0.0, 0.0),
        ("羽关", "关羽", 1.0, 0.5),
        ("关羽温酒斩华雄", "关羽斩华雄", 2 * 5 / 12, 2 * 5 / 12),
        ("曹操曹操", "曹操", 2 * 2 / 6, 2 * 2 / 6),
        ("ＡＢＣ", "abc", 1.0, 1.0),
    ],
)
def test_f1_and_rouge_l_by_characters(answer, reference, f1, rouge):
    assert character_f1(answer, reference) == pytest.approx(f1)
    assert rouge_l(answer, reference) == pytest.approx(rouge)


@given(a=st.text("曹操刘备关羽", max_size=12), b=st.text("曹操刘备关羽", max_size=12))
def test_scores_are_symmetric_and_rouge_never_exceeds_f1(a, b):
    assert character_f1(a, b) == pytest.approx(character_f1(b, a))
    assert rouge_l(a, b) == pytest.approx(rouge_l(b, a))
    assert 0 <= rouge_l(a, b) <= character_f1(a, b) + 1e-9 <= 1 + 1e-9


def test_contains_takes_any_accepted_form_and_no_empty_one():
    assert contains("答案是云长。", ["关羽", "云长"])
    assert not contains("答案是张飞。", ["关羽", "云长"])
    assert not contains("什么都没有", ["", "。"])


@pytest.mark.parametrize(
    ("answer", "clause"),
    [
        ("关羽。他温酒斩华雄", "关羽"),
        ("“关羽”，字云长", "关羽”"),
        ("没有标点", "没有标点"),
        ("", ""),
        ("关羽、张飞", "关羽"),
    ],
)
def test_the_first_clause(answer, clause):
    assert first_clause(answer) == clause


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("曹操曹操曹操曹操", True),
        ("他说，他说，他说，他说，他说", True),
        ("大怒大怒大怒", False),
        ("呵呵呵呵呵呵呵呵", True),
        ("刘备、关羽、张飞在桃园结义，共图大事。", False),
        ("却说孔明，" * 3, True),
        ("却说孔明，" * 2, False),
        ("前面好好的，后来就一直一直一直一直一直一直", True),
    ],
)
def test_loops(text, loop):
    assert is_loop(text) is loop


def test_wilson_interval():
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-3)
    assert high == pytest.approx(0.9433, abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0
