"""The room Records in a real browser: read, search and decide by keyboard alone; coverage; the teacher; a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from jianghu.files import read_jsonl
from jianghu.llm.store import Item, Reply, Store, ask
from jianghu.synth.edits import Edits
from jianghu.workspace import Workspace

from ..browser import CHROMIUM, QUIET
from .pages import PHONE, opened
from .running import Site, until

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
expect.set_options(timeout=20_000)
PICTURES = os.environ.get("JIANGHU_PICTURES")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver, driver.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        yield browser


@pytest.fixture
def site(recorded: Path, tmp_path: Path) -> Iterator[Site]:
    root = Path(shutil.copytree(recorded, tmp_path / "shelf"))
    with Site(Workspace(root)) as site:
        until(lambda: not site.get("/records")["reading"] and site.get("/records/about")["books"][0]["people"])
        yield site


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.wait_for_timeout(300)
        page.screenshot(path=f"{PICTURES}/{name}.png")


def chosen(page: Page) -> Any:
    return page.locator(".record-item[aria-current]")


def test_ten_records_are_reviewed_by_keyboard_alone(browser, site, tmp_path):
    edits = Edits(tmp_path / "shelf/edits.jsonl")
    with opened(browser, site.url + "/#/records") as page:
        expect(chosen(page)).to_have_count(1)
        expect(page.locator(".question-of")).to_be_visible()
        asked = [page.locator(".record-item .row-question").nth(n).inner_text() for n in range(10)]
        for n in range(10):
            expect(page.locator(".question-of")).to_have_text(asked[n])
            page.keyboard.press("x" if n % 3 == 2 else "a")
            expect(chosen(page).locator(".row-question")).to_have_text(
                page.locator(".row-question").nth(n + 1).inner_text()
            )
        until(lambda: edits.refresh() or edits.last == 10)
        assert [found.verdict for found in edits.decisions()].count("rejected") == 3
        expect(page.locator('.record-item[data-mine="rejected"]')).to_have_count(3)
        picture(page, "records-review")
        if PICTURES:
            page.keyboard.press("k")
            page.locator(".record-item").nth(2).click()
            page.emulate_media(color_scheme="dark")
            picture(page, "records-dark")
            page.emulate_media(color_scheme="light")
            page.locator(".record-item").nth(10).click()
        page.keyboard.press("u")
        expect(page.locator('.record-item[data-mine="accepted"]')).to_have_count(6)
        expect(chosen(page).locator(".row-question")).to_have_text(asked[9])
        page.keyboard.press("k")
        page.keyboard.press("e")
        expect(page.get_by_label("Question", exact=True)).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.type("改过的问题是什么？")
        picture(page, "records-edit")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".question-of")).to_have_text("改过的问题是什么？")
        expect(chosen(page).locator(".row-question")).to_have_text("改过的问题是什么？")
        page.keyboard.press("e")
        expect(page.get_by_label("Question", exact=True)).to_be_focused()
        page.keyboard.type("不要")
        page.keyboard.press("Escape")
        expect(page.locator(".question-of")).to_have_text("改过的问题是什么？")


def test_the_evidence_is_marked_and_the_search_finds(browser, site, tmp_path):
    with opened(browser, site.url + "/#/records") as page:
        expect(page.locator(".question-of")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("断水剑")
        page.keyboard.press("Enter")
        expect(page.locator(".record-item").first).to_contain_text("断水剑")
        expect(page.locator(".tag").get_by_text("written beside the book").first).to_be_visible()
        assert "q=" in page.url
        page.get_by_label("From").select_option("cloze")
        expect(page.get_by_text("No record matches.")).to_be_visible()
        page.get_by_role("button", name="All records").click()
        page.get_by_label("From").select_option("cloze")
        mark = page.locator(".passage mark").first
        expect(mark).to_be_in_viewport()
        row = next(one for one in read_jsonl(tmp_path / "shelf/data/records/train.jsonl") if one["source"] == "cloze")
        page.locator(f'.record-item[data-id="{row["id"]}"]').click()
        chapters = {one["chapter"]: one["text"] for one in read_jsonl(tmp_path / "shelf/data/chapters.jsonl")}
        evidence = chapters[row["chapter"]][row["start"] : row["end"]].split("\n")
        expect(page.locator(".question-of")).to_have_text(row["question"])
        expect(page.locator(".passage mark")).to_have_text(evidence)
        page.get_by_label("Person").fill("沈青峰")
        page.keyboard.press("Enter")
        expect(page.locator(".record-item").first).to_be_visible()
        page.reload()
        expect(page.get_by_label("Person")).to_have_value("沈青峰")


def test_a_record_of_ones_own_and_another_wording(browser, site, tmp_path):
    with opened(browser, site.url + "/#/records") as page:
        expect(page.locator(".question-of")).to_be_visible()
        page.keyboard.press("n")
        page.get_by_label("Question", exact=True).fill("我写的问题是什么？")
        page.get_by_label("Answer", exact=True).fill("沈青峰。他来了。")
        expect(page.locator(".passage p").first).to_be_visible()
        page.locator(".passage p").first.click(click_count=3)
        expect(page.locator(".edit-record textarea").nth(2)).not_to_have_value("")
        picture(page, "records-write")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".question-of")).to_have_text("我写的问题是什么？")
        expect(page.locator(".passage mark").first).to_be_visible()
        page.locator("body").press("w")
        page.get_by_label("Question", exact=True).fill("换一种问法？")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".question-of")).to_have_text("换一种问法？")
        expect(page.get_by_role("button", name="我写的问题是什么？")).to_be_visible()
        page.get_by_role("button", name="Write into the files").click()
        expect(page.get_by_text("Written: training and exports follow.")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("button", name="Write into the files")).to_be_hidden()
    kept = [
        row for name in ("train", "paraphrase") for row in read_jsonl(tmp_path / f"shelf/data/records/{name}.jsonl")
    ]
    assert {"我写的问题是什么？", "换一种问法？"} <= {row["question"] for row in kept}


def test_coverage_leads_to_the_records_of_a_chapter(browser, site):
    with opened(browser, site.url + "/#/records?view=coverage") as page:
        expect(page.locator(".chapter-bar")).to_have_count(6)
        page.locator(".chapter-bar").first.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".bar-said")).to_contain_text("第二回")
        picture(page, "records-coverage")
        if PICTURES:
            page.emulate_media(color_scheme="dark")
            picture(page, "records-coverage-dark")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Chapter")).to_have_value("2")
        expect(page.locator(".record-item").first).to_be_visible()


def test_the_teacher_is_told_as_it_works(browser, site, tmp_path):
    body: Any = {"messages": [{"role": "user", "content": "?"}], "schema": None}
    with opened(browser, site.url + "/#/records?view=teacher") as page:
        expect(page.get_by_text("No teacher was asked")).to_be_visible()
        picture(page, "records-no-teacher")
        with Store(tmp_path / "shelf/synth.sqlite") as store:
            number, _ = store.begin_plan("facts", "x")
            store.plan(number, [ask("facts", "facts", "m", body, slot=str(n)) for n in range(3)])
            (taken,) = store.take(number, 1, 1, 0.0)[1]
            store.add_replies([(taken.id, Reply("ok", "[]", "stop", tokens_in=10, tokens_out=5, cost=0.25))])
            refused = {"question": "他后来怎样了？", "answer": "走了", "book": "青峰录"}
            store.enter_items(number, [(taken.id, [Item("leans on the passage", refused)], [])])
        expect(page.get_by_text("1 of 3 answered")).to_be_visible()
        picture(page, "records-teacher")
        page.get_by_role("button", name="leans on the passage").click()
        expect(page.locator(".record-item .row-question")).to_have_text(["他后来怎样了？"])
        page.locator("body").press("a")
        expect(page.locator('.record-item[data-mine="accepted"]')).to_have_count(1)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_phone_shows_the_list_and_then_the_record(browser, site, locale):
    with opened(browser, site.url + "/#/records", PHONE, locale) as page:
        expect(page.locator(".record-item").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        picture(page, f"records-phone-{locale}")
        page.locator(".record-item").nth(2).click()
        expect(page.locator(".question-of")).to_be_visible()
        expect(page.locator(".record-item").first).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        picture(page, f"records-phone-one-{locale}")
        if PICTURES:
            page.emulate_media(color_scheme="dark")
            page.mouse.wheel(0, 500)
            picture(page, f"records-phone-below-{locale}")
        page.locator(".verdicts button").first.click()
        page.locator(".one-bar .back").click()
        expect(page.locator('.record-item[data-mine="accepted"]')).to_have_count(1)
