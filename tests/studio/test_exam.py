"""The room Exam: results as the server tells them, and in the browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from jianghu.recipe import ServeSettings
from jianghu.studio import make_studio
from jianghu.workspace import Workspace

from ..browser import CHROMIUM
from .exams import write_result
from .pages import PHONE, opened
from .running import Site, new_workspace

browsing = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    ws = new_workspace(tmp_path_factory.mktemp("exam") / "shelf")
    for name, rights, age in (("base/best", 4, 60), ("chat/best", 30, 0)):
        path = write_result(ws.evals, name, rights)
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    return ws


@pytest.fixture(scope="module")
def client(workspace: Workspace) -> TestClient:
    app = make_studio(workspace, ServeSettings())
    return TestClient(app, base_url="http://127.0.0.1", headers={"Accept-Language": "en"})


@pytest.fixture(scope="module")
def site(workspace: Workspace) -> Iterator[Site]:
    with Site(workspace) as site:
        yield site


def test_results_come_newest_first_and_a_damaged_file_hides_no_other(client, workspace):
    (workspace.evals / "broken.json").write_text("[]", encoding="utf-8")
    told = client.get("/studio/exams").json()
    (workspace.evals / "broken.json").unlink()
    assert [result["checkpoint"] for result in told["results"]] == ["chat/best", "base/best"]
    assert "broken.json" in told["damaged"][0]
    whole = told["results"][0]["bars"][-1]
    assert whole["group"] == "all"
    assert whole["low"] < whole["right"] == 0.75 < whole["high"]


def test_a_result_is_told_in_the_language_that_is_asked_for(client):
    def rows(lang: str) -> list[str]:
        told = client.get("/studio/exams/chat-best.records.json", params={"lang": lang}).json()
        return [row["name"] for row in told["rows"]]

    assert rows("en") == ["same words", "new words", "never asked", "all"]
    assert rows("zh") == ["原题", "换问法", "没问过", "全部"]


def test_two_results_are_compared_with_a_verdict(client):
    query = {"first": "base-best.records.json", "second": "chat-best.records.json"}
    told = client.get("/studio/exams/compare", params=query).json()
    assert [row["verdict"] for row in told["rows"]] == ["better"] * 3
    assert told["changed"] == {"won": 78, "lost": 0}
    row = told["rows"][0]
    assert row["low"] <= row["difference"] <= row["high"]
    query = {"first": query["second"], "second": query["first"]}
    assert {row["verdict"] for row in client.get("/studio/exams/compare", params=query).json()["rows"]} == {"worse"}


def test_answers_come_wrong_ones_first_and_are_filtered(client):
    def answers(**query: object) -> dict[str, object]:
        return client.get("/studio/exams/chat-best.records.json/answers", params=query).json()

    told = answers()
    assert told["total"] == 120
    outcomes = [answer["outcome"] for answer in told["answers"]]
    assert outcomes[:30] == ["wrong"] * outcomes.count("wrong") + ["abstained"] * outcomes.count("abstained")
    assert answers(outcome="right")["total"] == 90
    assert answers(group="unseen", outcome="wrong", kind="thing")["total"] > 0
    assert answers(text="第77号")["total"] == 1
    assert answers(start=100)["answers"] == told["answers"][100:] or len(answers(start=100)["answers"]) == 20
    beside = answers(text="第5号人物", against="base-best.records.json")["answers"]
    assert beside[0]["outcome"] == "right"
    assert beside[0]["other"]["outcome"] == "wrong"


@pytest.mark.parametrize("name", ["nothing.json", "..%2Fjianghu.toml", "chat-best.records.manifest.json"])
def test_no_other_file_is_read(client, name):
    assert client.get(f"/studio/exams/{name}").status_code == 404


@browsing
def test_results_are_compared_and_read_by_keyboard(browser: Browser, site: Site):
    with opened(browser, f"{site.url}/#/exam") as page:
        expect(page.locator(".result-head h2")).to_have_text("chat/best")
        expect(page.locator(".range-row")).to_have_count(4)
        page.get_by_label("Compared with").select_option("base/best")
        expect(page.locator(".range-said .tag")).to_have_text(["better"] * 3)
        expect(page.get_by_text("78 questions were won, 0 lost.")).to_be_visible()
        page.locator("#room").focus()
        page.keyboard.press("w")
        expect(page.get_by_role("status").filter(has_text="answers")).to_have_text("25 answers")
        page.keyboard.press("j")
        expect(page.locator(".answer-of").first).to_be_focused()
        assert page.locator(".answer-of b").count() == 0  # what a model says is never markup
        page.keyboard.press("/")
        page.keyboard.type("第39号")
        expect(page.locator(".answer-of h3")).to_have_text(["第39号人物用什么兵器？"])
        page.reload()
        expect(page.locator(".answer-of h3")).to_have_text(["第39号人物用什么兵器？"])
        expect(page.get_by_label("Compared with")).to_have_value("base-best.records.json")


@browsing
def test_on_a_phone_results_fit(browser: Browser, site: Site):
    with opened(browser, f"{site.url}/#/exam?file=chat-best.records.json&with=base-best.records.json", PHONE) as page:
        expect(page.locator(".answer-of").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@browsing
def test_without_a_result_the_room_says_what_an_exam_is(browser: Browser, tmp_path: Path):
    with Site(new_workspace(tmp_path / "shelf")) as site, opened(browser, f"{site.url}/#/exam", locale="zh-CN") as page:
        expect(page.get_by_role("heading", name="还没有考过试")).to_be_visible()
        expect(page.get_by_role("button", name="开始考试")).to_be_disabled()
