"""Answers side by side: marks, samples that do not depend on company, and a page that a browser opens alone."""

import json

import pytest

from jianghu.evaluation import Background, Item, People, score_answers
from jianghu.evaluation.compare import Line, ask_all, marked
from jianghu.generation import Sampling
from jianghu.recipe import EvalSettings
from jianghu.report.compare_page import compare_page

from ..conftest import jianghu
from .test_multiple_choice import checkpoint, items  # noqa: F401 - a fixture

CHROMIUM = "/usr/bin/chromium"


def said(answer, wrong_book=(), outcome=None):
    [scored] = score_answers([Item("1", "谁？", "", ())], [(answer, True)])
    return scored.model_copy(update={"wrong_book": wrong_book, "outcome": outcome})


def test_loops_and_strangers_are_marked_where_they_stand():
    pieces = marked(said("宋江说，走走走走走走走走。宋江", ["宋江"]))
    assert pieces == [
        ("宋江", "stranger"),
        ("说，", "plain"),
        ("走" * 8, "loop"),
        ("。", "plain"),
        ("宋江", "stranger"),
    ]
    assert marked(said("")) == []
    assert marked(said("好", None)) == [("好", "plain")]


def test_samples_follow_from_seed_and_place_alone(checkpoint):  # noqa: F811
    asked, background = items(20), Background()
    sampling = Sampling(8, temperature=1.0, seed=5)
    once, again, other = (
        ask_all(checkpoint, asked, EvalSettings(max_new_tokens=8, batch_size=size), way, background)
        for size, way in ((3, sampling), (32, sampling), (32, Sampling(8, temperature=1.0, seed=6)))
    )
    assert once == again
    assert [greedy for greedy, _ in once] == [greedy for greedy, _ in other]
    assert [sampled.answer for _, sampled in once] != [sampled.answer for _, sampled in other]
    [[alone]] = ask_all(checkpoint, asked[:1], EvalSettings(max_new_tokens=8), None, background)
    assert alone == once[0][0]


def test_the_command_shows_all_checkpoints_and_writes_a_page(shelf, tmp_path):
    html = tmp_path / "compare.html"
    out = jianghu("compare", "base", "chat", "--html", html, cwd=shelf).stdout
    assert "介绍一下《青峰录》的主角。" in out
    assert '<td data-name="base">' in html.read_text(encoding="utf-8")
    questions = tmp_path / "own.jsonl"
    questions.write_text(json.dumps({"question": "沈青峰是谁？"}, ensure_ascii=False), encoding="utf-8")
    command = ("compare", "chat", "--questions", questions, "--greedy-only", "--html", html, "--json")
    [line] = json.loads(jianghu(*command, cwd=shelf).stdout)
    assert line["question"] == "沈青峰是谁？"
    questions.write_text("\ufeff沈青峰是谁？\r\n\r\n  断水剑是谁的  \n", encoding="utf-8")
    rows = json.loads(jianghu(*command, cwd=shelf).stdout)
    assert [row["question"] for row in rows] == ["沈青峰是谁？", "断水剑是谁的"]
    for refused, why in (("", "holds no questions"), ('谁？\n{"question": "谁？"}', "line 1: not JSON")):
        questions.write_text(refused, encoding="utf-8")
        ended = jianghu(*command, cwd=shelf, check=False)
        assert ended.returncode == 2
        assert why in ended.stderr
    assert len(line["answers"]["chat"]) == 1
    assert jianghu("compare", cwd=shelf, check=False).returncode == 2


def test_the_page_works_in_a_browser_without_a_network(tmp_path):
    sync = pytest.importorskip("playwright.sync_api", reason="a browser is driven through playwright")
    who = (said("关羽", outcome="right"), said("宋江", ["宋江"]))
    how = (said("走" * 9), said("\n<script>x</script>"))
    nothing = (said(""), said("关羽"))
    lines = [
        Line(Item("1", "<b>谁</b>？", "关羽。", ("关羽",), group="人物"), (who, who)),
        Line(Item("2", "如何？", "", (), group="情节"), (how, nothing)),
    ]
    path = tmp_path / "page.html"
    path.write_text(compare_page(["base", "chat/最后"], lines, True), encoding="utf-8")
    with sync.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 390, "height": 800}, locale="zh-CN")
        faults, requests = [], []
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(path.as_uri())
        assert tab.inner_text("h2") == "回答对照"
        tab.click("#lang")
        assert tab.inner_text("h2") == "Answers side by side"
        assert tab.locator("td .stranger").all_inner_texts() == ["宋江", "宋江"]
        assert tab.locator("td .loop").first.inner_text() == "走" * 9
        assert tab.locator("td div").nth(6).inner_text() == "—"
        assert tab.locator("tbody tr:visible").count() == 2
        tab.select_option("#kind", "情节")
        assert tab.locator("tbody tr:visible").count() == 1
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert faults == []
        assert requests == [path.as_uri()]
        browser.close()


def test_a_page_needs_people_only_for_strangers():
    assert People({}, {}, {}).strangers("宋江", "", "", "") is None
    assert "宋江" in compare_page(["a"], [Line(Item("1", "谁？", "", ()), ((said("宋江"),),))], False)
