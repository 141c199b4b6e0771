"""The exam that a shelf's records make."""

import pytest

from jianghu.evaluation import GROUPS, People, shelf_exam
from jianghu.evaluation.free_questions import free_questions
from jianghu.names import Lexicon, Name
from jianghu.recipe import EvalSettings
from jianghu.records import Record

BOOK = "青峰录"
ALL = EvalSettings(group_questions=0, paraphrase_questions=0)


def record(number, wording, question, answer, kind="who", source="bundled"):
    return Record(
        id=f"f{number}-{wording}", fact=f"f{number}", wording=wording, kind=kind, question=question,
        answer=f"{answer}。", short_answer=answer, aliases=(), book=BOOK, chapter=1, start=0, end=4, source=source,
        split="train",
    )  # fmt: skip


@pytest.fixture(scope="module")
def people():
    lexicon = Lexicon([Name("沈青峰"), Name("柳如烟", ("烟姑娘",)), Name("顾长风"), Name("青石镇", kind="place")])
    text = "沈青峰见柳如烟。柳如烟见沈青峰。沈青峰见顾长风。"
    return People({BOOK: lexicon}, {BOOK: text}, {"水浒传": ["武松"]})


RECORDS = {
    "train": [
        record(1, 1, "《青峰录》里，顾长风的师父是谁？", "沈青峰"),
        record(1, 2, "是谁教顾长风剑法？", "沈青峰"),
        record(2, 1, "柳如烟在哪里等候？", "青石镇", "where"),
        record(3, 1, "武松是《青峰录》里的人吗？", "不是", "contrast"),
        record(8, 1, "由文字生成的问题？", "顾长风", source="cloze"),
    ],
    "paraphrase": [record(1, 3, "谁是顾长风的师父？", "沈青峰")],
    "val": [
        record(4, 1, "《青峰录》里谁夺了密信？", "柳如烟"),
        record(5, 1, "店家叫什么？", "书中没有交代", "unanswerable"),
    ],
    "test": [
        record(6, 1, "顾长风何时动身？", "当夜", "time"),
        record(7, 1, "宋江是书中人物吗？", "不是", "absent", "cloze"),
    ],
}


MANNERS = [("你是谁？", "manners"), ("顾长风的天气如何？", "unanswerable"), ("《青峰录》里你读过谁？", "absent")]


def test_each_group_holds_what_its_name_says(people):
    items = shelf_exam(RECORDS, people, ALL)
    by_group = {group: [item for item in items if item.group == group] for group in GROUPS}
    assert list(dict.fromkeys(item.group for item in items)) == list(GROUPS)
    assert {item.fact for item in by_group["trained"]} == {"f1"}  # the facts of the paraphrases, in taught words
    assert [item.question for item in by_group["paraphrase"]] == ["谁是顾长风的师父？"]
    assert {item.fact for item in by_group["unseen"]} == {"f4", "f6"}
    assert [item.fact for item in by_group["unanswerable"]] == ["f5"]
    assert {item.fact for item in by_group["wrong_book"]} == {"f7", "f4"}
    assert all(item.silent for item in [*by_group["unanswerable"], *by_group["wrong_book"]])


def test_a_reversed_question_gives_the_answer_and_wants_the_name(people):
    found = {item.fact: item for item in shelf_exam(RECORDS, people, ALL) if item.group == "reversed"}
    assert found["f1"].accepted == ("顾长风",)
    assert "沈青峰" in found["f1"].question
    assert "顾长风" not in found["f1"].question
    assert found["f2"].accepted == ("柳如烟", "烟姑娘")
    assert found.keys() == {"f1", "f2"}


def test_another_books_title_makes_a_question_without_answer(people):
    [asked] = [item for item in shelf_exam(RECORDS, people, ALL) if item.kind == "wrong_book"]
    assert asked.question == "《水浒传》里谁夺了密信？"


def test_a_cap_holds_for_each_group_and_records_by_rule_serve_where_there_are_no_others(people):
    many = {split: [row.model_copy(update={"source": "cloze"}) for row in rows] for split, rows in RECORDS.items()}
    items = shelf_exam(many, people, EvalSettings(group_questions=1, paraphrase_questions=1))
    assert {group: sum(item.group == group for item in items) for group in GROUPS} == dict.fromkeys(GROUPS, 1)
    without = shelf_exam({**many, "paraphrase": []}, people, ALL)
    assert {item.fact for item in without if item.group == "trained"} == {"f1", "f2", "f8"}


def test_the_main_group_has_a_cap_of_its_own(people):
    many = {**RECORDS, "paraphrase": [record(n, 3, f"第{n}件事，换个问法？", "沈青峰") for n in range(900)]}
    items = shelf_exam(many, people, EvalSettings())
    assert sum(item.group == "paraphrase" for item in items) == 800
    few = shelf_exam(many, people, EvalSettings(paraphrase_questions=3))
    assert sum(item.group == "paraphrase" for item in few) == 3


@pytest.mark.parametrize("source", ["bundled", "cloze"])
def test_manners_are_never_examined(people, source):
    """Not even where no other record was written, and whatever split and kind they are in."""
    manners = [record(f"m{n}", 1, question, "江湖", kind, "manners") for n, (question, kind) in enumerate(MANNERS)]
    rows = {
        split: [row.model_copy(update={"source": source}) for row in rows] + manners for split, rows in RECORDS.items()
    }
    items = shelf_exam(rows, people, ALL)
    assert items
    assert not any(item.fact.startswith("fm") for item in items)


def test_free_questions_are_of_the_four_kinds_and_about_the_books_people(people):
    items = free_questions(people)
    assert {item.kind for item in items} == {"人物介绍", "情节", "人物关系", "其他"}
    assert items[0].question == "介绍一下《青峰录》的主角。"
    assert "《青峰录》里的沈青峰是个什么样的人？" in [item.question for item in items]
    assert "武松是《青峰录》里的人物吗？" in [item.question for item in items]
    assert not any("{" in item.question for item in items)
    nobody = free_questions(People({BOOK: Lexicon([])}, {BOOK: ""}, {}))
    assert nobody
    assert not any("沈青峰" in item.question for item in nobody)
