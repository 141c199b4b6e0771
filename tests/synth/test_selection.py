"""Which records say again what an earlier one said. One word too many or too few here loses or leaks records."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.synth.selection import LEAK, SAME, find_repeats
from jianghu.text import grams, overlap
from tests.conftest import PEOPLE, PLACES, THINGS
from tests.synth.records import record

ASKED = "在青石镇的酒楼里，沈青峰为什么要把那柄旧剑交给柳如烟保管？"


def test_a_chinese_sentence_is_not_one_word() -> None:
    """Splitting at spaces would make every question a set of one, alike to nothing but itself."""
    assert len(grams(ASKED)) > 20
    assert overlap(grams(ASKED), grams(ASKED.replace("为什么", "为何"))) > LEAK


def test_the_same_question_with_other_marks_is_a_repeat() -> None:
    found = list(
        find_repeats([record("a", ASKED, "怕被夺走"), record("b", ASKED.replace("？", "?") + " ", "怕被夺走")])
    )
    assert [(repeat.id, repeat.of, repeat.why, repeat.similarity) for repeat in found] == [("b", "a", "repeat", 1.0)]


def test_nearly_the_same_question_with_the_same_answer_is_a_repeat() -> None:
    other = ASKED.replace("要把", "把")
    assert SAME <= overlap(grams(ASKED), grams(other)) < 1
    (found,) = find_repeats([record("a", ASKED, "怕被夺走"), record("b", other, "怕被夺走。他要远行。")])
    assert found.why == "repeat"


def test_the_same_question_with_another_answer_is_a_contradiction() -> None:
    (found,) = find_repeats([record("a", ASKED, "怕被夺走"), record("b", ASKED, "嫌它太重")])
    assert found.why == "contradiction"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("怕被夺走。", "因为怕被夺走"),  # one holds the other
        ("三支。他带了三支银针。", "三支"),
    ],
)
def test_answers_that_hold_each_other_do_not_contradict(first: str, second: str) -> None:
    (found,) = find_repeats([record("a", ASKED, first), record("b", ASKED, second)])
    assert found.why == "repeat"


def test_an_alias_is_the_same_answer() -> None:
    first = record("a", "《青峰录》里夺下落雁坡的人是谁？", "沈青峰", aliases=("沈大侠",))
    (found,) = find_repeats([first, record("b", first.question, "沈大侠")])
    assert found.why == "repeat"


def test_long_answers_in_other_words_are_no_contradiction_unless_names_differ() -> None:
    def names(book: str, text: str) -> frozenset[str]:
        return frozenset(name for name in PEOPLE if name in text)

    one = "他想起当年在寒潭寺的旧事，心里放不下，所以连夜赶了回去"
    other = "当夜他惦记着寺里发生过的事，于是没有等到天亮就动身走了"
    (found,) = find_repeats([record("a", ASKED, one), record("b", ASKED, other)], names)
    assert found.why == "repeat"
    (found,) = find_repeats(
        [record("a", ASKED, f"{one}，是顾长风劝的"), record("b", ASKED, f"{other}，是白无双劝的")], names
    )
    assert found.why == "contradiction"


def test_questions_that_differ_in_a_number_or_a_name_are_two() -> None:
    def names(book: str, text: str) -> frozenset[str]:
        return frozenset(name for name in PEOPLE if name in text)

    many = "在青石镇的酒楼里，沈青峰当着众人的面一共拿出了三支银针还是更多，结果怎样？"
    assert not list(find_repeats([record("a", many, "三支"), record("b", many.replace("三支", "五支"), "三支")]))
    assert not list(
        find_repeats([record("a", ASKED, "怕"), record("b", ASKED.replace("柳如烟", "苏明月"), "怕")], names)
    )


def test_the_same_question_about_two_books_is_two() -> None:
    assert not list(find_repeats([record("a", ASKED, "怕"), record("b", ASKED, "怕", book="白鹿记")]))


def test_a_near_question_in_another_split_is_a_leak_and_in_its_own_is_not() -> None:
    other = ASKED.replace("为什么", "为何")
    assert LEAK <= overlap(grams(ASKED), grams(other)) < SAME
    first = record("a", ASKED, "怕被夺走")
    (found,) = find_repeats([first, record("b", other, "怕被夺走", split="test")])
    assert found.why == "leak"
    assert not list(find_repeats([first, record("b", other, "怕被夺走")]))
    assert not list(find_repeats([first, record("b", other, "嫌它太重", split="test")]))


def test_what_is_left_out_is_nobodys_reason() -> None:
    rows = [record("a", ASKED, "怕"), record("b", ASKED, "嫌重"), record("c", ASKED, "嫌重")]
    assert [(repeat.id, repeat.of) for repeat in find_repeats(rows)] == [("b", "a"), ("c", "a")]


def test_planted_near_repeats_are_found_among_many() -> None:
    dice = random.Random(7)
    rows = []
    for number in range(600):
        who, other = dice.sample(PEOPLE, 2)
        question = (
            f"{who}在{dice.choice(PLACES)}遇见{other}的那一晚，身上带着{dice.choice(THINGS)}，第{number}件事是什么？"
        )
        rows.append(record(f"r{number}", question, f"事{number}"))
    planted = [
        record(f"p{n}", row.question.replace("的那一晚", "那一晚"), row.answer) for n, row in enumerate(rows[::6])
    ]
    found = {repeat.id for repeat in find_repeats([*rows, *planted])}
    assert found == {row.id for row in planted}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("甲乙丙丁，？三五", max_size=12), st.text("是否对错", min_size=1, max_size=4)), max_size=12
    )
)
def test_never_raises_is_pure_and_keeps_one_of_each_question(pairs: list[tuple[str, str]]) -> None:
    rows = [record(f"r{number}", question or "？", answer) for number, (question, answer) in enumerate(pairs)]
    found = list(find_repeats(rows))
    assert found == list(find_repeats(rows))
    left_out = {repeat.id for repeat in found}
    kept = [frozenset(grams(row.question)) for row in rows if row.id not in left_out]
    assert len(set(kept)) == len(kept) or any(len(gram) == 1 for gram in kept)
    assert all(repeat.of not in left_out for repeat in found)
