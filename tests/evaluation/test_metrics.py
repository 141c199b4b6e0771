"""Metrics against values worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF

from jianghu.evaluation import character_f1, chrf, contains, exact, first_clause, rouge_l


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


@pytest.mark.parametrize(("answer", "value"), [("关羽斩华雄", 1.0), ("", 0.0), ("张飞", 0.0)])
def test_chrf_by_hand(answer, value):
    assert chrf(answer, "关羽斩华雄") == pytest.approx(value)


def test_chrf_of_a_shorter_answer_by_hand():
    # 关羽 against 关羽斩: 2 of 2 letters and 1 of 1 pairs are right, of 3 and 2; no triples. Precision 1, recall
    # (2/3 + 1/2) / 2 = 7/12; F with beta 2 = 5 * 1 * 7/12 / (4 * 1 + 7/12).
    assert chrf("关羽", "关羽斩") == pytest.approx(5 * (7 / 12) / (4 + 7 / 12), abs=1e-3)


@given(a=st.text("曹操刘备，。关羽", max_size=20), b=st.text("曹操刘备，。关羽", min_size=1, max_size=20))
def test_chrf_is_sacrebleus(a, b):
    assert chrf(a, b) == pytest.approx(CHRF().sentence_score(a, [b]).score / 100)
