"""The chat page in a real browser, against a real server with the small models of the tests' shelf."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from jianghu.files import read_jsonl
from jianghu.workspace import Workspace

from ..browser import CHROMIUM
from .chat_page import ask, halting, kept, opened, settings, settled
from .running import Running

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
expect.set_options(timeout=30_000)


@pytest.fixture
def page(browser: Browser, site: Running) -> Iterator[Page]:
    with opened(browser, site) as page:
        yield page


@pytest.fixture(scope="module")
def record(shelf: Path) -> dict[str, Any]:
    return next(row for row in read_jsonl(shelf / "data/records/train.jsonl") if row["start"] is not None)


def test_ask_streams_an_answer_and_a_reload_keeps_the_talk(page):
    settings(page, max_tokens=64, temperature=0)
    page.locator(".example").first.click()
    settled(page)
    ask(page, "第二个问题是谁？")
    settled(page)
    expect(page.locator(".question")).to_have_count(2)
    expect(page.locator("#welcome")).to_be_hidden()
    page.reload()
    expect(page.locator(".question")).to_have_count(2)
    expect(page.locator(".answer")).to_have_count(2)  # what so small a model says may be nothing
    expect(page.locator(".question").last).to_have_text("第二个问题是谁？")
    page.get_by_role("button", name="New talk").click()
    expect(page.locator(".question")).to_have_count(0)
    page.reload()
    expect(page.locator("#welcome")).to_be_visible()


def test_words_appear_before_the_answer_is_whole_and_stop_keeps_them(browser, checkpoints, root):
    go_on = Event()
    writer = halting(checkpoints["base"], 40, go_on)
    with Running({"base": writer}, Workspace(root)) as site, opened(browser, site) as page:
        settings(page, max_tokens=1024, temperature=0)
        page.get_by_role("radio", name="Continue a text").check()
        ask(page, "沈青峰")
        expect(page.locator(".answer.writing .text")).to_have_text(re.compile("沈青峰.{4,}", re.DOTALL))
        page.get_by_role("button", name="Stop").click()
        settled(page)
        expect(page.locator(".answer .state")).to_have_text("stopped")
        assert len(page.locator(".answer .text").inner_text()) > 7
        assert kept(page)["talks"][0]["turns"][0]["answers"][0]["state"] == "stopped"
        while 'jianghu_clients_gone_total{model="base"} 1.0' not in httpx.get(site.url + "/metrics").text:
            time.sleep(0.05)  # the server has heard of it while the model still waits
        go_on.set()
        site.until_idle("base")
        metrics = httpx.get(site.url + "/metrics").text
        assert int(re.findall(r"written_tokens_total{.*} (\d+)", metrics)[0]) <= 41


def test_escape_stops_and_the_keyboard_alone_is_enough(page):
    settings(page, max_tokens=1024)
    page.locator("body").press("/")
    page.keyboard.type("沈青峰是谁？")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("再说一句。")
    assert page.locator("#text").input_value() == "沈青峰是谁？\n再说一句。"
    page.keyboard.press("Enter")
    expect(page.locator("#stop").or_(page.locator(".answer.done")).first).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)
    page.get_by_role("button", name="New talk").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press(",")
    expect(page.get_by_role("dialog", name="Settings")).to_be_visible()


def test_an_input_methods_enter_sends_nothing(page):
    page.locator("#text").fill("沈青")
    page.locator("#text").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(page.locator(".turn")).to_have_count(0)
    assert page.locator("#text").input_value() == "沈青"


def test_three_columns_answer_one_question_and_a_vote_is_kept(page, root):
    settings(page, max_tokens=16, temperature=0)
    page.get_by_role("button", name="Side by side").click()
    page.get_by_role("button", name="Side by side").click()
    expect(page.get_by_role("button", name="Side by side")).to_have_count(0)
    ask(page, "沈青峰是谁？")
    settled(page)
    names = page.locator(".answer h3").all_inner_texts()
    assert names == ["chat", "base", "chat/best"]
    boxes = [box.bounding_box() for box in page.locator(".answer").all()]
    assert len({round(box["y"]) for box in boxes}) == 1, "side by side"
    texts = page.locator(".answer .text").all_inner_texts()
    assert texts[0] == texts[2]  # the same weights, greedily
    with page.expect_response("**/api/votes"):
        page.get_by_role("group", name="Which is best?").get_by_role("button", name="base").click()
    expect(page.locator(".vote.cast")).to_have_text("Your vote: base")
    row = list(read_jsonl(root / "votes.jsonl"))[-1]
    assert row["choice"] == 1
    assert row["question"] == "沈青峰是谁？"
    assert [answer["checkpoint"] for answer in row["answers"]] == names
    assert row["settings"]["max_tokens"] == 16


def test_a_blind_comparison_hides_names_until_the_vote_by_key(page, root):
    settings(page, max_tokens=16)
    page.keyboard.press(",")
    page.get_by_text("Blind comparison").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Side by side").click()
    ask(page, "柳如烟是谁？")
    settled(page)
    expect(page.locator(".answer h3")).to_have_text(["A", "B"])
    expect(page.locator(".answer .kind")).to_have_count(0)
    page.get_by_role("button", name="New talk").focus()
    with page.expect_response("**/api/votes"):
        page.keyboard.press("2")
    expect(page.locator(".vote.cast")).to_be_focused()
    row = list(read_jsonl(root / "votes.jsonl"))[-1]
    assert row["blind"] is True
    names = page.locator(".answer h3").all_inner_texts()
    assert sorted(names) == ["base", "chat"]
    expect(page.locator(".vote.cast")).to_have_text(f"Your vote: {names[1]}")
    assert row["choice"] == 1
    assert [answer["checkpoint"] for answer in row["answers"]] == names


def test_settings_go_to_the_server_and_survive_a_reload(page):
    settings(page, temperature=0.25, top_p=0.5, repetition_penalty=1.5, max_tokens=32)
    page.reload()
    with page.expect_request("**/v1/chat/completions") as sent:
        ask(page, "谁？")
    body = sent.value.post_data_json
    assert {name: body[name] for name in ("temperature", "top_p", "repetition_penalty", "max_tokens")} == {
        "temperature": 0.25, "top_p": 0.5, "repetition_penalty": 1.5, "max_tokens": 32,
    }  # fmt: skip
    assert body["messages"] == [{"role": "user", "content": "谁？"}]
    settled(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="As the recipe has it").click()
    expect(page.locator("#set-temperature")).to_have_value("0.8")


def test_earlier_questions_go_along_if_the_reader_wants_it(page):
    settings(page, memory=2, max_tokens=16)
    ask(page, "沈青峰是谁？")
    settled(page)
    with page.expect_request("**/v1/chat/completions") as sent:
        ask(page, "他去了哪里？")
    settled(page)
    before = kept(page)["talks"][0]["turns"][0]["answers"][0]
    wanted = (
        ["沈青峰是谁？", before["text"], "他去了哪里？"]
        if before["state"] == "done" and before["text"]
        else ["他去了哪里？"]
    )
    assert [message["content"] for message in sent.value.post_data_json["messages"]] == wanted
    assert sent.value.post_data_json["truncate_prompt"] is True


def test_language_and_theme_switch_and_are_remembered(page):
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#new")).to_have_text("新的对话")
    expect(page.locator("#text")).to_have_attribute("placeholder", "问书里的人和事……")
    page.locator("#theme").click()
    light = page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    page.locator("#theme").click()
    dark = page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    assert light != dark
    page.reload()
    expect(page.locator("#new")).to_have_text("新的对话")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor") == dark


def test_evidence_and_open_book_lead_into_the_chapter(page, record):
    settings(page, max_tokens=16, temperature=0)
    page.locator("#open-book-switch").click()
    ask(page, record["question"])
    settled(page)
    expect(page.locator(".passages li")).to_have_count(3)
    expect(page.locator(".record")).to_contain_text(record["answer"])
    page.get_by_role("button", name="See it in the book").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"chapter {record['chapter']}")
    expect(dialog.locator("mark").first).to_be_in_viewport()
    marked = "".join(dialog.locator("mark").all_inner_texts())
    assert record["short_answer"] in marked
    page.keyboard.press("Escape")
    page.locator(".passages button").first.click()
    expect(dialog.locator("mark").first).to_be_in_viewport()


def test_what_is_said_is_never_markup(page):
    settings(page, max_tokens=16)
    evil = "<img src=x onerror=\"document.title='evil'\"><b>是谁</b>"
    ask(page, evil)
    settled(page)
    expect(page.locator(".question")).to_have_text(evil)
    assert page.locator("#talk img, #talk b").count() == 0
    assert page.title() == "江湖 Jianghu"


def test_on_a_phone_nothing_is_wider_than_the_screen(browser, site):
    with browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True) as context:
        page = context.new_page()
        page.goto(site.url)
        expect(page.locator(".example").first).to_be_visible()
        for _ in range(2):
            page.get_by_role("button", name="并排比较").click()
        ask(page, "沈青峰是谁？" * 6 + "A" * 200)
        settled(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") == 390
        boxes = [box.bounding_box() for box in page.locator(".answer").all()]
        assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"], "one below the other"
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)


def test_a_server_with_a_key_asks_for_it(browser, checkpoints):
    with Running(checkpoints, key="open sesame") as running, browser.new_context(locale="en-US") as context:
        page = context.new_page()
        page.goto(running.url)
        dialog = page.get_by_role("dialog", name="API key")
        dialog.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        dialog.get_by_label("API key").fill("open sesame")
        page.keyboard.press("Enter")
        expect(page.locator("#columns select")).to_have_value("chat")
        settings(page, max_tokens=16)
        ask(page, "谁？")
        settled(page)
        expect(page.locator(".answer.failed")).to_have_count(0)
        assert "open sesame" not in json.dumps(kept(page))


def test_a_server_that_is_gone_is_said_and_can_be_asked_again(browser, checkpoints):
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        with Running(checkpoints) as running:
            page.goto(running.url)
            expect(page.locator("#columns select")).to_be_visible()
            settings(page, max_tokens=16)
        ask(page, "谁？")
        expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_both_languages_have_every_word(page):
    tables = Path(__file__).parents[2] / "src/jianghu/serving/page/words.js"
    rows = re.findall(r"^  (\w+): \[(.*?)\],$", tables.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    words = {name: json.loads("[" + re.sub(r",\s*$", "", texts.strip()) + "]") for name, texts in rows}
    assert len(words) > 80
    for name, texts in words.items():
        assert len(texts) == 2, name
        assert all(texts), name
        assert set(re.findall(r"\{\w+\}", texts[0])) == set(re.findall(r"\{\w+\}", texts[1])), name
    used = {node.get_attribute(f"data-{kind}") for kind in ("word", "label", "title")
            for node in page.locator(f"[data-{kind}]").all()}  # fmt: skip
    assert used <= set(words)


def test_what_the_book_says_opens_at_its_place(page, record, site):
    said = httpx.post(f"{site.url}/api/read", json={"question": record["question"]}).json()
    settings(page, max_tokens=4, temperature=0)
    ask(page, record["question"])
    reading = page.locator(".reading")
    expect(reading).to_be_visible()
    settled(page)
    if not said["answer"]:  # so small a reader may find nothing: it says so
        expect(reading).to_contain_text("not found in the books")
        return
    expect(reading).to_contain_text(said["answer"])
    page.set_viewport_size({"width": 390, "height": 780})  # a phone
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    chip = reading.get_by_role("button")
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#book mark").first).to_be_visible()
    place = said["place"]
    assert len(page.locator("#book mark").all_inner_texts()[0]) == place["end"] - place["start"]
    page.keyboard.press("Escape")
    expect(page.locator("#book")).to_be_hidden()
    page.reload()
    expect(page.locator(".reading")).to_contain_text(said["answer"])  # kept with the talk
