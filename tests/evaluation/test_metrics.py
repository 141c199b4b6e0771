"""Metrics against values worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.evaluation import character_f1, contains, exact, rouge_l


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
    ("answer", "accepted", "found"),
    [
        ("十九岁", ["九岁"], False),
        ("他那年十九岁，弟弟九岁", ["九岁"], True),
        ("不是关羽", ["关羽"], False),
        ("不是张飞，是关羽", ["关羽"], True),
        ("不是", ["是"], False),
        ("不是，没有这个人", ["不是"], True),
        ("没有吕布", ["吕布"], False),
    ],
)
def test_part_of_a_number_or_a_denied_form_does_not_count(answer, accepted, found):
    assert contains(answer, accepted) is found


def test_exact_ignores_marks_and_nothing_else():
    assert exact("“关羽”。", ["云长", "关羽"])
    assert not exact("关羽也", ["关羽"])
    assert not exact("", [""])


@given(a=st.text("曹操刘备关羽", max_size=12), b=st.text("曹操刘备关羽", max_size=12))
def test_rouge_l_is_the_longest_common_subsequence(a, b):
    def longest(one: str, other: str) -> int:
        if not one or not other:
            return 0
        if one[0] == other[0]:
            return 1 + longest(one[1:], other[1:])
        return max(longest(one[1:], other), longest(one, other[1:]))

    a, b = a[:6], b[:6]
    assert rouge_l(a, b) == pytest.approx(2 * longest(a, b) / (len(a) + len(b)) if a or b else 0.0)
