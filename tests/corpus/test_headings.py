"""Headings are found, prose is not taken for one."""

import pytest

from jianghu.corpus import load_book
from jianghu.corpus.finding import find_headings
from jianghu.corpus.headings import numbering_faults, parse_heading
from jianghu.corpus.numbers import number_of
from jianghu.recipe import BooksSettings

from ..conftest import novel_text
from .test_load import parts


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("第一回 雪夜访故人 寒江逢旧友", 1),
        ("第一百零八章", 108),
        ("第一○八回 归山", 108),
        ("第12章 风起", 12),
        ("第１２章 风起", 12),
        ("第廿三回 夜渡", 23),
        ("第二十囘 再會", 20),
        ("第三節 問劍", 3),
        ("第二章：问剑", 2),
        ("第一卷 风云 第七章 初见", 7),
        ("第五章 好一场大雪，好一个长安", 5),
        ("Chapter 7 The River", 7),
        ("CHAPTER XIV", 14),
        ("Chapter Three: Snow", 3),
        ("楔子", None),
        ("序章 山雨", None),
        ("後記", None),
        ("番外二", None),
        ("Prologue", None),
    ],
)
def test_headings(line, number):
    heading = parse_heading(line)
    assert heading is not None
    assert heading.sure
    assert heading.number == number


@pytest.mark.parametrize(
    "line",
    [
        "第二回合他又输了，只得认栽。",
        "第二回 他来的时候，天已经黑了。",
        "第三节课上得很慢",
        "第一部分人先走",
        "第二十三回再说。",
        "第三章，他写得最好。",
        "第几章 不知道",
        "序幕拉开，众人落座。",
        "前言不搭后语",
        "Chapter two was the one she liked.",
        "Part of the way he walked.",
        "第五章 " + "很长的一句话" * 12,
    ],
)
def test_prose_is_no_heading(line):
    heading = parse_heading(line)
    assert heading is None or not heading.sure


def test_a_doubtful_line_is_a_heading_only_where_its_number_goes_on():
    lines = ["第一章风起", "他推门出去。", "第二章云涌", "雨下了一夜", "第九章节目单上没有他", "第三章雷动", "天亮了"]
    assert list(find_headings(lines, "书")) == [0, 2, 5]
    assert list(find_headings(["他读完了全书", "第一部电影讲的是他", "众人都笑了"], "书")) == []


def test_words_before_a_heading_are_believed_if_they_recur():
    lines = ["雪山录 第一回 甲", "文", "雪山录 第二回 乙", "文", "雪山录 第三回 丙", "文", "他翻到 第四回 丁", "文"]
    found = find_headings(lines, "无名")
    assert [found[index].title for index in found] == ["第一回 甲", "第二回 乙", "第三回 丙"]
    assert [h.title for h in find_headings(["正文 第一回 甲", "文"], "书").values()] == ["第一回 甲"]


def test_page_numbers_do_not_belong_to_the_title():
    heading = parse_heading("第三回 夜渡寒江 ……… 27")
    assert heading is not None
    assert heading.title == "第三回 夜渡寒江"


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        *(
            ("十", 10),
            ("十二", 12),
            ("二十", 20),
            ("一百二十", 120),
            ("一百零三", 103),
            ("一二〇", 120),
            ("两千零一", 2001),
        ),
        *(("貳拾", 20), ("卅六", 36), ("007", 7), ("IX", 9), ("xlii", 42), ("twelve", 12), ("山", None), ("", None)),
    ],
)
def test_numerals(numeral, value):
    assert number_of(numeral) == value


def test_missing_doubled_and_backward_numbers_are_named():
    titles = [f"第{n}回" for n in (1, 2, 4, 4, 3, 8)]
    assert numbering_faults(titles) == ["第3回 missing", "第4回 doubled", "第3回 after 第4回", "第4回 to 第7回 missing"]
    assert numbering_faults(["第1章", "第2章", "第1章", "第2章", "尾声"]) == []
    assert numbering_faults(["Chapter 5"]) == ["begins at Chapter 5"]


def test_headings_above_a_chapter_stay_in_its_title(tmp_path):
    bodies = [lines for _, lines in parts(novel_text(6, 24))]
    text = "书\n"
    for number, body in enumerate(bodies):
        text += f"第{number // 2 + 1}卷 雪{number // 2}\n\n" if number % 2 == 0 else ""
        text += f"第{number + 1}章 月{number}\n" + "\n".join(body) + "\n"
    path = tmp_path / "书.txt"
    path.write_text(text, encoding="utf-8")
    book = load_book(path, BooksSettings())
    above = [f"第{n // 2 + 1}卷 雪{n // 2} " if n % 2 == 0 else "" for n in range(6)]
    assert [chapter.title for chapter in book.chapters] == [f"{above[n]}第{n + 1}章 月{n}" for n in range(6)]
    assert numbering_faults([chapter.title for chapter in book.chapters]) == []
