"""Manners: who the model is and what it has read, for any Chinese shelf."""

from jianghu.corpus import Chapter
from jianghu.synth.manners import manners_records


def shelf(*titles: str) -> list[Chapter]:
    return [Chapter(title, 1, "第一回", "沈青峰夜入寒潭寺，柳如烟点灯相候。") for title in titles]


def test_a_chinese_shelf_gets_answers_that_name_its_own_books():
    records = manners_records(shelf("青峰录", "断桥记"))
    answers = {record.answer for record in records if record.question == "你读过什么书"}
    assert answers
    assert all("《青峰录》、《断桥记》" in answer for answer in answers)
    assert not any("{" in record.answer or "三国演义" in record.answer for record in records)
    assert {record.split for record in records} == {"train"}
    assert len({record.id for record in records}) == len(records)
    assert len({record.question for record in records}) == len(records)


def test_what_is_outside_one_shelf_is_said_of_that_shelf_alone():
    alone = {record.question for record in manners_records(shelf("三国演义"))}
    beside = {record.question for record in manners_records(shelf("三国演义", "西游记"))}
    assert "孙悟空是谁" in alone
    assert "孙悟空是谁" not in beside


def test_an_english_shelf_gets_none():
    assert manners_records([Chapter("Emma", 1, "Chapter I", "Emma Woodhouse, handsome, clever, and rich.")]) == []
