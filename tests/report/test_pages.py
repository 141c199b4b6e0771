"""Text is text in every page, each page says the same in two languages, and all share one style sheet."""

import re
from pathlib import Path

import html5lib
import pytest

from jianghu.corpus import load_book
from jianghu.evaluation import Item, score_answers
from jianghu.evaluation.compare import Line
from jianghu.messages import Both, both, chinese
from jianghu.recipe import BooksSettings
from jianghu.report import names
from jianghu.report.compare_page import compare_page
from jianghu.report.facts import Facts, Point, RecordCounts, Run, Sample, Study, TeacherFacts, Trial
from jianghu.report.page import page

from ..evaluation.test_tables import result

SOURCE = Path(__file__).parents[2] / "src" / "jianghu"
XHTML = "{http://www.w3.org/1999/xhtml}"
HOSTILE = [
    "<!--<script>",
    "</script><script>window.broken = 1</script>",
    "<img src=x onerror=alert(1)>",
    "]]>&lt;&amp;\u2028\u2029",
    "\"'`${1}{{ 1 }}{% raw %}",
    "</style><!--",
]


def answered(text):
    [scored] = score_answers([Item(text, f"问{text}？", text, (text,), group=text)], [(text, True)])
    return scored


def facts(text):
    points = [Point(step, step, step, step, 5.0, 6.0) for step in (1, 2)]
    run = Run(text, "pretrain", points, [Sample(1, text, text)], 1, 6.0, 2, text, text, text, {text: text}, None)
    study = Study(
        text, Both(text, text), Both(text, text), "val_bpc", text, [Trial(text, text, {text: text}, error=text)]
    )
    return Facts(
        version="1", books=[], vocab_size=0, train=None, val=None, runs=[run],
        records=RecordCounts({text: 1}, {text: 1}, {text: 1}, {text: {1: 1}}),
        teacher=TeacherFacts({text: 1}, problem=text), exams=[result([answered(text)], file=f"evals/{text}.json")],
        studies=[study], commands=[text],
    )  # fmt: skip


def parsed(text):
    """The page as a browser reads it, and what is not well formed in it."""
    parser = html5lib.HTMLParser()
    return parser.parse(text), [code for _, code, _ in parser.errors]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_is_text_in_the_report(text):
    plain, odd = (page(facts(one)) for one in ("plain", text))
    (calm, _), (tree, faults) = parsed(plain), parsed(odd)
    assert faults == []
    for tag in ("script", "style", "img", "section"):
        assert len(list(tree.iter(XHTML + tag))) == len(list(calm.iter(XHTML + tag))), tag
    [data] = [script for script in tree.iter(XHTML + "script") if script.get("id") == "data"]
    assert "<" not in data.text
    assert len(list(data)) == 0
    shown = "".join(tree.find(f".//{XHTML}main").itertext())
    assert text in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_is_text_in_the_compare_page(text):
    lines = [Line(Item("1", text, text, (text,), group=text), ((answered(text),), (answered(text),)))]
    tree, faults = parsed(compare_page([text, "chat"], lines, sampled=False))
    assert faults == []
    assert len(list(tree.iter(XHTML + "script"))) == 1
    assert len(list(tree.iter(XHTML + "td"))) == 2
    assert text in "".join(tree.find(f".//{XHTML}tbody").itertext())


def test_what_a_template_says_has_a_chinese_form():
    said = {
        message
        for path in SOURCE.rglob("*.j2")
        for message in re.findall(r'\bt\(\s*"([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(said) > 50
    assert said - chinese().keys() == set()


def test_both_languages_stand_in_the_page():
    text = page(facts("plain"))
    for message in (both("Curves of every run"), both("Make it again"), both("Records")):
        assert message.en in text
        assert message.zh in text


def test_the_chat_pages_style_sheet_is_everybodys():
    base = (SOURCE / "serving" / "page" / "base.css").read_text(encoding="utf-8")
    assert '<link rel="stylesheet" href="page/base.css">' in (SOURCE / "serving/page/index.html").read_text(
        encoding="utf-8"
    )
    for text in (page(facts("plain")), compare_page(["chat"], [], sampled=True)):
        assert base in text


def test_rules_kinds_and_reasons_are_named_in_the_readers_language():
    for name, value in (
        (names.rule_name, "hard line wrap"),
        (names.kind_name, "person"),
        (names.reason_name, "evidence not found"),
        (names.split_name, "paraphrase"),
        (names.source_name, "bundled"),
        (names.state_name, "done"),
    ):
        words = name(value)
        assert words.zh != words.en
        assert re.search("[\u4e00-\u9fff]", words.zh)
    assert names.rule_name("a rule_of tomorrow") == ("a rule of tomorrow", "a rule of tomorrow")


ODD_BOOK = """三国演义
作者：罗贯中
www.example.com
最新章节请访问某某小说网 www.example.com
第一回 桃园
　　话说天下大势，分久必合，合久必分。周末七国分争，并入于秦。及秦灭之后，楚、汉分争，又并入于汉。汉朝自高祖斩白蛇而
起义，一统天下，后来光武中兴，传至献帝，遂分为三国。推其致乱之由，殆始于桓、灵二帝。啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊
　　建宁二年\u200b四月望日，帝御温德殿。方升座，殿角狂风骤起，&nbsp;只见一条大青蛇从梁上飞将下来。
"""


def test_every_rule_and_reason_of_the_code_has_a_name():
    """Names that cleaning and checks give are known to the report."""
    reasons = set()
    for path in (SOURCE / "synth" / "checks").glob("*.py"):
        reasons |= set(re.findall(r'return "([a-z ]{4,})"', path.read_text(encoding="utf-8")))
    assert len(reasons) > 10
    assert {reason for reason in reasons if names.reason_name(reason).zh == reason} == set()


def test_rules_that_clean_an_odd_book_have_names(tmp_path):
    path = tmp_path / "三国演义.txt"
    path.write_text(ODD_BOOK + "　　" + "玄德见此人形貌异常，问其姓名。" * 12, encoding="utf-8")
    rules = [removal.rule for removal in load_book(path, BooksSettings()).removals]
    assert len(rules) >= 4
    assert [rule for rule in rules if names.rule_name(rule).zh == rule] == []


def test_plain_questions_need_no_groups_on_the_compare_page():
    lines = [Line(Item(str(number), f"问题{number}？", "", ()), ((),)) for number in (1, 2)]
    page = compare_page(("chat",), lines, sampled=False)
    assert "<label hidden>" in page
    assert "<small>" not in page.partition("<tbody>")[2]
