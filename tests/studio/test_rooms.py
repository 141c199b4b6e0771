"""The rooms Shelf and Training in a real browser, against a real studio."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from jianghu.names import read_lexicon
from jianghu.workspace import Workspace

from ..browser import CHROMIUM, QUIET
from ..conftest import novel_text
from .pages import opened
from .running import Site, new_workspace, until

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
expect.set_options(timeout=90_000)  # a process that trains takes long to begin on a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver, driver.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        yield browser


def file(name: str, text: str, encoding: str = "gb18030") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode(encoding)}


def put(page: Page, *files: FilePayload) -> None:
    page.locator("input[type=file]").set_input_files(list(files))


def test_books_are_dropped_in_titled_and_their_people_decided_on(browser: Browser, tmp_path: Path):
    ws = new_workspace(tmp_path / "shelf")
    with Site(ws) as site, opened(browser, site.url + "/#/shelf", refusals=True) as page:
        expect(page.get_by_text("Drop your novels here")).to_be_visible()
        advert = "请收藏本站：www.example.com 手机阅读更方便\n"
        put(
            page,
            file("a.txt", novel_text(6).replace("\n　　", "\n" + advert + "　　")),
            {**file("no.txt", ""), "buffer": "太短了。".encode()},
        )
        expect(page.locator(".sending .refused")).to_contain_text("only 4 characters")
        card = page.locator(".books .card")
        expect(card).to_contain_text("6 chapters")
        title = page.get_by_role("textbox", name="Title")
        title.fill("雪山录")
        title.press("Enter")
        expect(card.get_by_role("heading")).to_have_text("雪山录")
        until((ws.books / "雪山录.txt").exists)
        expect(page.locator(".chapter-list li")).to_have_count(6)
        page.keyboard.press("Escape")
        page.locator(".segments button", has_text="Cleaned").click()
        page.locator(".rule summary").last.click()
        expect(page.locator("del", has_text="手机阅读").first).to_be_visible()
        page.locator(".segments button", has_text="People").click()
        page.locator(".who", has_text="沈青峰").click()
        page.get_by_label("Is also called").fill("青峰")
        page.get_by_label("Is also called").press("Enter")
        expect(page.get_by_text("You have decided on these")).to_be_visible()
        assert read_lexicon(ws.books / "雪山录.lexicon.json").aliases_of("沈青峰") == ("青峰",)
        page.get_by_role("button", name="Take off the shelf").click()
        page.locator("#studio-confirm-yes").click()
        expect(page.get_by_text("Drop your novels here")).to_be_visible()
        assert (ws.books / ".removed" / "雪山录.txt").exists()


@pytest.mark.slow
def test_two_windows_see_the_same_shelf(browser: Browser, tmp_path: Path):
    site = Site(new_workspace(tmp_path / "shelf"))
    with (
        site,
        opened(browser, site.url + "/#/shelf") as one,
        opened(browser, site.url + "/#/shelf", refusals=True) as two,
    ):
        put(one, file("雪.txt", novel_text(3)))
        expect(two.locator(".books .card")).to_contain_text("3 chapters")
        put(two, file("雪.txt", novel_text(3, seed=2)))
        expect(two.locator(".sending .refused")).to_contain_text("other contents")


@pytest.fixture(scope="module")
def root(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(shelf, tmp_path_factory.mktemp("rooms") / "shelf")


@pytest.mark.slow
def test_a_run_is_started_watched_stopped_and_gone_on_with(browser: Browser, root: Path):
    with Site(Workspace(root)) as site, opened(browser, site.url + "/#/training") as page:
        page.set_default_timeout(90_000)
        expect(page.locator(".pipeline-stage.fresh")).to_have_count(6)
        expect(page.get_by_role("button", name="Everything is done")).to_be_disabled()
        expect(page.locator(".chart path.line").first).to_be_visible()
        page.locator(".own summary").click()
        page.get_by_label("Name").fill("wide")
        page.get_by_label("Steps").fill("100000")
        page.locator(".own").get_by_role("button", name="Start").click()
        job = page.locator(".job").first
        expect(job).to_contain_text("--name=wide")
        page.locator(".chip", has_text="wide").click()
        expect(page.locator(".run-about h3")).to_contain_text("wide running")
        step = page.locator(".run-about dd").first
        expect(step).to_have_text(re.compile(r"^[1-9][\d,]* / 100,000$"))
        before = step.inner_text()
        expect(step).not_to_have_text(before)
        until(lambda: (root / "runs/wide/state/state.safetensors").exists(), 60)
        job.get_by_role("button", name="Stop").click()
        expect(job.locator(".tag")).to_have_text("stopped")
        job.get_by_role("button", name="Go on").click()
        expect(page.locator(".job").first).to_contain_text("--resume")
        expect(page.locator(".job").first.locator(".tag")).to_have_text("running")
        page.locator(".job").first.get_by_role("button", name="Stop").click()
        page.locator(".job").first.get_by_role("button", name="Stop at once").click()
        expect(page.locator(".job").first.locator(".tag")).to_have_text("stopped")
        assert len(list((root / "jobs").iterdir())) >= 2
