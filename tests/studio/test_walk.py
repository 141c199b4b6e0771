"""The whole way in a page: from two books to an answer, by mouse and by keyboard alone; nothing on the console, and no
request that left this machine.

JIANGHU_PICTURES=DIR keeps pictures of every room: wide and on a phone, in both languages and both colours.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from jianghu.jobs import Jobs
from jianghu.workspace import RECIPE, Workspace

from ..browser import CHROMIUM
from ..conftest import RECIPE as SMALL
from ..conftest import novel_text
from .pages import PHONE, WIDE, opened
from .running import Site

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
PICTURES = os.environ.get("JIANGHU_PICTURES")
ROOMS = ["shelf", "records", "training", "exam", "talk", "report"]
QUESTION = "沈青峰是谁？"
JOB_MS = 600_000
"""Time that a stage may take on a busy machine."""


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.wait_for_timeout(600)
        page.screenshot(path=f"{PICTURES}/{name}.png")


def see_rooms(browser: Browser, site: Site, language: str, viewport: ViewportSize, colours: str) -> None:
    """Open every room, and see that it fits."""
    with opened(browser, site.url, viewport, language) as page:
        page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        for room in ROOMS:
            page.goto(f"{site.url}/#/{room}")
            expect(page.locator(f".in-{room} :is(h1, #text)").first).to_be_visible()
            assert page.locator(".failure").count() == 0, room
            assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"], room
            if room == "talk":
                assert page.locator("#composer").evaluate("(box) => box.offsetWidth") > 340
            picture(page, f"{room}.{viewport['width']}.{language[:2]}.{colours}")


@pytest.fixture(scope="module")
def trained(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the tests' shelf, on which every stage was run."""
    return Workspace(shutil.copytree(shelf, tmp_path_factory.mktemp("walk") / "shelf"))


def test_every_room_opens_wide_and_on_a_phone(browser: Browser, trained: Workspace):
    with Site(trained) as site:
        see_rooms(browser, site, "en-US", WIDE, "light")
        see_rooms(browser, site, "zh-CN", PHONE, "dark")


@pytest.fixture
def books(tmp_path: Path) -> list[Path]:
    """Two novels in files: one in GB18030 with a poor name."""
    paths = [tmp_path / "青峰录.txt", tmp_path / "download_0042.txt"]
    paths[0].write_text(novel_text(), encoding="utf-8")
    paths[1].write_text(novel_text(chapters=8, seed=5), encoding="gb18030")
    return paths


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workspace]:
    """A folder with nothing but a recipe so small that training takes seconds; nothing goes on running in it."""
    root = tmp_path / "shelf"
    (root / "books").mkdir(parents=True)
    small = SMALL.replace("max_iters = 40", "max_iters = 400")
    (root / RECIPE).write_text(small, encoding="utf-8")
    yield Workspace(root)
    jobs = Jobs(root)
    for job in jobs.all():
        jobs.stop(job.id, force=True)


def stage(page: Page, name: str, state: str) -> None:
    """Wait until a stage is as it should be."""
    expect(page.locator(f"[data-stage={name}].{state}")).to_be_visible(timeout=JOB_MS)


def drawn(page: Page) -> int:
    """Steps that the curve shows."""
    return int(page.locator(".run-about dd").first.inner_text().split("/")[0].replace(",", ""))


def grows(page: Page) -> None:
    """Wait until the curve has grown twice."""
    for _ in range(2):
        step = page.locator(".run-about dd").first
        expect(step).not_to_have_text(step.inner_text(), timeout=JOB_MS)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_from_two_books_to_an_answer_by_mouse(browser: Browser, empty: Workspace, books: list[Path]):
    with Site(empty) as site, opened(browser, site.url) as page:
        with page.expect_file_chooser() as chosen:
            page.locator(".empty").get_by_role("button", name="Add novels").click()
        chosen.value.set_files(books)
        card = page.locator(".books .card")
        expect(card).to_have_count(2, timeout=60_000)
        card.filter(has_text="download_0042").click()
        title = page.get_by_role("textbox", name="Title")
        expect(title).to_have_value("download_0042", timeout=60_000)
        title.fill("落雁记")
        page.get_by_role("button", name="Save the title").click()
        expect(card.filter(has_text="落雁记")).to_have_count(1)

        page.locator("[data-room=training]").click()
        for name in ("prepare", "synth"):
            page.locator(f"[data-stage={name}]").get_by_role("button", name="Start").click(timeout=JOB_MS)
            stage(page, name, "fresh")
        pretrain = page.locator("[data-stage=pretrain]")
        pretrain.get_by_role("button", name="Start").click()
        page.get_by_role("dialog").get_by_role("button", name="Start").click(timeout=JOB_MS)
        stage(page, "pretrain", "running")
        expect(page.locator(".run-about dd").first).to_be_visible(timeout=JOB_MS)
        grows(page)
        page.get_by_role("button", name="Stop").click()
        stage(page, "pretrain", "stopped")
        reached = drawn(page)
        pretrain.get_by_role("button", name="Go on").click()
        stage(page, "pretrain", "fresh")
        assert drawn(page) >= reached
        page.locator("[data-stage=sft]").get_by_role("button", name="Start").click()
        page.get_by_role("dialog").get_by_role("button", name="Start").click(timeout=JOB_MS)
        stage(page, "sft", "fresh")

        page.locator("[data-room=records]").click()
        review(page)

        page.locator("[data-room=exam]").click()
        page.get_by_role("button", name="Take an exam").click()
        page.get_by_label("Questions").fill("9")
        page.get_by_role("button", name="Start").click()
        expect(page.locator(".range-row").first).to_be_visible(timeout=JOB_MS)
        expect(page.locator(".answer-of").first).to_be_visible()

        page.locator("[data-room=talk]").click()
        page.locator("#text").fill(QUESTION)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".answer:is(.done, .cut)")).to_have_count(1, timeout=60_000)

        page.locator("[data-room=report]").click()
        page.get_by_role("button", name="Make the report").click()
        page.get_by_role("dialog").get_by_role("button", name="Make the report").click()
        expect(page.frame_locator("iframe").locator("h1").first).to_be_visible(timeout=JOB_MS)
    with Site(empty) as site:
        for language in ("en-US", "zh-CN"):
            for colours in ("light", "dark"):
                for viewport in (WIDE, PHONE):
                    see_rooms(browser, site, language, viewport, colours)


def review(page: Page) -> None:
    """Decide on ten records by keys."""
    expect(page.locator(".record-item[aria-current]")).to_have_count(1, timeout=60_000)
    page.evaluate("document.activeElement.blur()")
    for number in range(10):
        page.keyboard.press("x" if number % 3 == 2 else "a")
        expect(page.locator(".record-item[data-mine]:not([data-mine=''])")).to_have_count(number + 1)


def tab_to(page: Page, name: str, within: str = "body") -> None:
    """Press Tab until what has this name is in focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """([within]) => { const here = document.activeElement;
              return here.closest(within) ? here.getAttribute("aria-label") ?? here.innerText ?? "" : "" }""",
            [within],
        )
        if here.strip() == name:
            return
    pytest.fail(f"{name} cannot be reached by Tab")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_from_two_books_to_an_answer_by_keyboard_alone(browser: Browser, empty: Workspace, books: list[Path]):
    with Site(empty) as site, opened(browser, site.url) as page:
        expect(page.locator(".empty")).to_be_visible()
        press = page.keyboard.press
        tab_to(page, "Add novels", ".empty")
        with page.expect_file_chooser() as chosen:
            press("Enter")
        chosen.value.set_files(books)
        expect(page.locator(".books .card")).to_have_count(2, timeout=60_000)
        titles = page.locator(".books .card h2").all_inner_texts()
        if page.locator(".books .card[aria-current] h2").inner_text() != "download_0042":
            press("j" if titles.index("download_0042") else "k")
        expect(page.get_by_role("textbox", name="Title")).to_have_value("download_0042", timeout=60_000)
        tab_to(page, "Title")
        press("Control+a")
        page.keyboard.type("落雁记")
        press("Enter")
        expect(page.locator(".books .card").filter(has_text="落雁记")).to_have_count(1)

        tab_to(page, "Add novels")
        press("g")
        press("t")
        for name in ("prepare", "synth"):
            expect(page.locator(f"[data-stage={name}]").get_by_role("button", name="Start")).to_be_enabled(
                timeout=JOB_MS
            )
            tab_to(page, "Start", f"[data-stage={name}]")
            press("Enter")
            stage(page, name, "fresh")
        tab_to(page, "Start", "[data-stage=pretrain]")
        press("Enter")
        expect(page.get_by_role("dialog").get_by_role("button", name="Start")).to_be_focused(timeout=JOB_MS)
        press("Enter")
        expect(page.locator(".run-about dd").first).to_be_visible(timeout=JOB_MS)
        grows(page)
        tab_to(page, "Stop")
        press("Enter")
        stage(page, "pretrain", "stopped")
        tab_to(page, "Go on", "[data-stage=pretrain]")
        press("Enter")
        stage(page, "pretrain", "fresh")
        tab_to(page, "Start", "[data-stage=sft]")
        press("Enter")
        expect(page.get_by_role("dialog").get_by_role("button", name="Start")).to_be_focused(timeout=JOB_MS)
        press("Enter")
        stage(page, "sft", "fresh")

        for key in "gr":
            press(key)
        review(page)

        for key in "ge":
            press(key)
        expect(page.locator(".in-exam .empty")).to_be_visible()
        press("n")
        tab_to(page, "", "#exam-limit")
        page.keyboard.type("9")
        tab_to(page, "Start")
        press("Enter")
        expect(page.locator(".answer-of").first).to_be_visible(timeout=JOB_MS)
        press("j")

        for key in "gc":
            press(key)
        expect(page.locator("#text")).to_be_focused(timeout=60_000)
        page.keyboard.type(QUESTION)
        press("Enter")
        expect(page.locator(".answer:is(.done, .cut)")).to_have_count(1, timeout=60_000)

        tab_to(page, "New talk")
        for key in "gp":
            press(key)
        expect(page.locator(".in-report .empty")).to_be_visible()
        press("n")
        expect(page.get_by_role("dialog")).to_be_visible()
        press("Enter")
        expect(page.frame_locator("iframe").locator("h1").first).to_be_visible(timeout=JOB_MS)
