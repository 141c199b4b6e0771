"""Talks on the chat page: several are kept, questions are edited and branch, talks go out as files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Browser, Page, expect

from jianghu.workspace import Workspace

from ..browser import CHROMIUM
from .chat_page import ask, halting, kept, opened, settings, settled
from .running import Running

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
expect.set_options(timeout=30_000)


@pytest.fixture
def page(browser: Browser, site: Running) -> Iterator[Page]:
    with opened(browser, site) as page:
        settings(page, max_tokens=16, temperature=0)
        yield page


def asked(page: Page, text: str) -> None:
    ask(page, text)
    settled(page)


def new_talk(page: Page) -> None:
    page.get_by_role("button", name="New talk").click()


def test_several_talks_are_kept_and_what_was_done_is_taken_back(page):
    asked(page, "沈青峰是谁？")
    new_talk(page)
    expect(page.locator(".question")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".question")).to_have_text("沈青峰是谁？")
    new_talk(page)
    asked(page, "柳如烟是谁？")
    titles = page.locator(".to-talk span")
    expect(titles).to_have_text(["柳如烟是谁？", "沈青峰是谁？"])
    page.get_by_role("button", name="Throw away: 沈青峰是谁？").click()
    expect(titles).to_have_text(["柳如烟是谁？"])
    page.get_by_role("button", name="Undo").click()
    expect(titles).to_have_count(2)
    page.reload()
    titles.filter(has_text="沈青峰").click()
    expect(page.locator(".question")).to_have_text("沈青峰是谁？")


def test_an_edited_question_stands_beside_the_first_one(page):
    asked(page, "沈青峰是谁？")
    asked(page, "他去了哪里？")
    first = page.locator(".turn").first
    first.hover()
    first.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Edit").fill("顾长风是谁？")
    page.keyboard.press("Enter")
    settled(page)
    expect(page.locator(".question")).to_have_text(["顾长风是谁？"])
    expect(page.locator(".forms .number")).to_have_text("2/2")
    page.get_by_role("button", name="Earlier form").click()
    expect(page.locator(".question")).to_have_text(["沈青峰是谁？", "他去了哪里？"])
    page.get_by_role("button", name="Later form").first.click()
    page.reload()
    expect(page.locator(".question")).to_have_text(["顾长风是谁？"])
    [talk] = kept(page)["talks"]
    assert [turn["parent"] for turn in talk["turns"]] == [None, talk["turns"][0]["id"], None]


def test_escape_leaves_a_question_as_it_was(page):
    asked(page, "沈青峰是谁？")
    page.locator(".turn").hover()
    page.get_by_role("button", name="Edit").click()
    page.keyboard.type("不要")
    page.keyboard.press("Escape")
    expect(page.locator(".question")).to_have_text("沈青峰是谁？")
    expect(page.get_by_role("button", name="Edit")).to_be_focused()


def test_a_talk_goes_out_as_markdown_and_as_json(page):
    asked(page, "*沈青峰* <b>是谁</b>？")
    texts = {}
    for kind in ("Markdown", "JSON"):
        page.get_by_role("button", name="Download this talk").click()
        with page.expect_download() as found:
            page.get_by_role("button", name=kind).click()
        texts[kind] = Path(found.value.path()).read_text(encoding="utf-8")
        assert found.value.suggested_filename.endswith({"Markdown": ".md", "JSON": ".json"}[kind])
    answer = kept(page)["talks"][0]["turns"][0]["answers"][0]
    assert texts["Markdown"].startswith("# *沈青峰* <b>是谁</b>？\n")
    assert "**chat**" in texts["Markdown"]
    [turn] = json.loads(texts["JSON"])["turns"]
    assert turn["text"] == "*沈青峰* <b>是谁</b>？"
    assert turn["answers"][0]["text"] == answer["text"]


def test_to_continue_a_text_a_base_model_is_taken_and_to_ask_a_fine_tuned_one(page):
    column = page.locator("#columns select")
    expect(column).to_have_value("chat")
    page.get_by_role("radio", name="Continue a text").check()
    expect(column).to_have_value("base")
    column.select_option("chat")  # a reader's own choice is kept
    page.get_by_role("radio", name="Ask").check()
    expect(column).to_have_value("chat")
    page.get_by_role("radio", name="Continue a text").check()
    expect(column).to_have_value("chat")


def test_votes_are_in_sight_below_answers_longer_than_the_screen(page):
    page.set_viewport_size({"width": 390, "height": 560})
    for _ in range(2):
        page.get_by_role("button", name="Side by side").click()
    asked(page, "沈青峰是谁？")
    assert page.locator(".answers").bounding_box()["height"] > 260
    expect(page.get_by_role("group", name="Which is best?")).to_be_in_viewport(ratio=0.9)
    composer = page.locator("#composer .bar").bounding_box()["y"]
    box = page.get_by_role("group", name="Which is best?").bounding_box()
    assert box["y"] + box["height"] <= composer + 4


@pytest.mark.slow  # waits for what the other tab writes
def test_two_tabs_keep_each_others_talks(browser, site):
    with browser.new_context(locale="en-US", viewport={"width": 1280, "height": 860}) as context:
        one, two = context.new_page(), context.new_page()
        for page, text in ((one, "沈青峰是谁？"), (two, "柳如烟是谁？")):
            page.goto(site.url)
            expect(page.locator("#columns select")).to_be_visible()
            settings(page, max_tokens=16)
            new_talk(page)
            asked(page, text)
        expect(one.locator(".to-talk")).to_have_count(2)
        one.get_by_role("button", name="Throw away: 柳如烟是谁？").click()
        expect(two.locator(".to-talk")).to_have_count(1)
        asked(two, "顾长风是谁？")
        two.reload()
        assert {title for title in two.locator(".to-talk span").all_inner_texts() if "柳" in title} == set()


def test_a_talk_of_an_older_page_is_taken_over(browser, site):
    turn = {"id": "a", "mode": "ask", "text": "旧问题？", "answers": [], "blind": False, "vote": None}
    old = {"language": "en", "mode": "ask", "columns": ["base"], "turns": [turn, {**turn, "id": "b", "text": "再问？"}]}
    with browser.new_context(locale="en-US") as context:
        context.add_init_script(f"localStorage.jianghu ??= JSON.stringify({json.dumps(old)})")
        page = context.new_page()
        page.goto(site.url)
        expect(page.locator(".question")).to_have_text(["旧问题？", "再问？"])
        expect(page.locator("#columns select")).to_have_value("base")


@pytest.mark.parametrize("way", ["killed", "stopped"])
def test_a_server_that_ends_while_it_writes_is_told_in_the_pages_language(browser, checkpoints, root, way):
    go_on = Event()
    writer = halting(checkpoints["base"], 20, go_on)
    with Running({"base": writer}, Workspace(root)) as site, browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        page.goto(site.url)
        expect(page.locator("#columns select")).to_be_visible()
        ask(page, "沈青峰")
        expect(page.locator(".answer.writing .text")).to_contain_text("沈青峰")
        if way == "killed":
            for connection in list(site.server.server_state.connections):
                connection.loop.call_soon_threadsafe(connection.transport.abort)
        else:
            site.server.should_exit = True
        said = {"killed": "连不上服务器", "stopped": "服务器正在停止"}[way]
        expect(page.get_by_role("alert")).to_contain_text(said)
        go_on.set()
