"""Right, abstained, wrong; names before the right one; people of another book."""

import random

import pytest

from jianghu.evaluation import Item, People, abstains, grade
from jianghu.names import Lexicon, Name

from ..conftest import PEOPLE, PLACES, novel_text

OTHERS = {"三国演义": ["刘备", "关羽", "诸葛亮", "吴用"], "水浒传": ["宋江", "武松", "鲁智深", "吴用", "沈青峰"]}


@pytest.fixture(scope="module")
def people():
    names = [Name(name, ("顾大侠",) if name == "顾长风" else ()) for name in PEOPLE]
    lexicon = Lexicon([*names, *(Name(place, kind="place") for place in PLACES)])
    text = novel_text(chapters=3) + "　　东吴用兵如神，顾大侠叹服。\n"
    return People({"青峰录": lexicon}, {"青峰录": text}, OTHERS)


def item(*accepted, question="是谁夺下青石镇？", kind="who"):
    return Item("1", question, accepted[0] + "。", accepted, kind=kind)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("顾长风。这是第一回的事。", "right"),
        ("是顾大侠夺下的。", "right"),
        ("白无双。顾长风后来才到。", "wrong"),
        ("宋江，不，是顾长风", "wrong"),
        ("在青石镇的是顾长风", "right"),
        ("书中没有交代。", "abstained"),
        ("我不知道。", "abstained"),
        ("柳如烟", "wrong"),
        ("", "wrong"),
    ],
)
def test_a_who_question_is_right_only_if_nobody_else_is_named_first(people, answer, outcome):
    assert grade(item("顾长风", "顾大侠"), answer, people) == outcome


def test_whom_the_question_names_may_be_named_first(people):
    asked = item("顾长风", question="白无双被谁打伤？")
    assert grade(asked, "白无双被顾长风打伤。", people) == "right"
    assert grade(asked, "秦夫人被顾长风打伤。", people) == "wrong"


def test_what_is_no_person_may_come_after_any_name(people):
    assert grade(item("那柄旧剑", question="他取了什么？", kind="thing"), "柳如烟取了那柄旧剑", people) == "right"


def test_silence_is_right_where_the_book_is_silent(people):
    silent = item("书中没有交代", question="店家姓甚名谁？", kind="unanswerable")
    assert grade(silent, "书里没有写出他的名字。", people) == "right"
    assert grade(silent, "白无双。", people) == "wrong"


@pytest.mark.parametrize(
    ("answer", "silent"),
    [
        ("书中没有交代。只写他是店家。", True),
        ("《三国演义》中没有这个人。", True),
        ("原文并未提到此事", True),
        ("不知道是谁，我不清楚。", True),
        ("The book does not say; it is not mentioned.", True),
        ("他没有说话，转身便走。", False),
        ("张飞没有答应。", False),
        ("关羽。书中没有别人。", False),
        ("", False),
    ],
)
def test_what_counts_as_silence(answer, silent):
    assert abstains(answer) is silent


def test_planted_names_of_other_books_are_found_and_the_books_own_sentences_are_not_blamed(people):
    draw = random.Random(3)
    sentences = [line for line in novel_text(chapters=3).replace("\n", "").split("。") if len(line) > 12][:400]
    strangers = sorted({name for names in OTHERS.values() for name in names} - set(PEOPLE))
    found = 0
    for sentence in sentences:
        assert people.strangers(sentence, "", "", "青峰录") == []
        parts = sentence.split("，")
        name = draw.choice(strangers)
        parts.insert(draw.randrange(len(parts) + 1), name + draw.choice(["", "笑道", "也在那里"]))
        found += people.strangers("，".join(parts), "", "", "") == [name]
    assert found / len(sentences) >= 0.99


def test_a_name_of_two_books_and_one_that_the_question_brings_up_is_no_strangers(people):
    assert people.strangers("沈青峰来了", "", "", "青峰录") == []
    assert people.strangers("武松不在书里", "武松是谁？", "", "青峰录") == []
    assert people.strangers("不是，武松不在", "", "武松是别的书里的", "青峰录") == []
    assert people.strangers("东吴用兵", "", "", "青峰录") == []
    assert people.strangers("军师吴用来了", "", "", "青峰录") == ["吴用"]
    assert people.strangers("武松", "", "", "红楼梦") is None
