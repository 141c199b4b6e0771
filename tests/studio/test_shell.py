"""The frame of the studio's page in a real browser: rooms, keys, languages, colours, a server that goes away."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from jianghu.studio.site import site_router

from ..browser import CHROMIUM
from .pages import PHONE, opened

browsing = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
PAGE = Path(__file__).parents[2] / "src/jianghu/studio/page"
ROOMS = ["Shelf", "Records", "Training", "Exam", "Talk", "Report"]


def room() -> Response:
    """The module of a room that asks its server for nothing."""
    return Response("export async function open(view) { view.append('here'); }", media_type="text/javascript")


class Frame:
    """A server of the page's frame alone, whose stream of events says nothing; it can go away and come back."""

    def __init__(self) -> None:
        self.port = 0

    def start(self, token: str) -> None:
        app = FastAPI()
        for name in ROOMS:
            app.add_api_route(f"/page/{name.lower()}.js", room)
        app.include_router(site_router(token))

        @app.get("/studio/jobs")
        def jobs() -> dict[str, list[str]]:
            return {"jobs": []}

        @app.get("/studio/events")
        def events() -> StreamingResponse:
            async def stream() -> AsyncIterator[str]:
                yield "event: hello\ndata: {}\n\n"
                while not self.server.should_exit:
                    await asyncio.sleep(0.05)

            return StreamingResponse(stream(), media_type="text/event-stream")

        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        self.thread = threading.Thread(target=lambda: self.server.run(sockets=[sock]), daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture(scope="module")
def frame() -> Iterator[Frame]:
    frame = Frame()
    frame.start("first")
    yield frame
    frame.stop()


def test_the_page_carries_the_token_and_is_not_kept():
    app = FastAPI()
    app.include_router(site_router('a"b'))
    reply = TestClient(app).get("/")
    assert '<meta name="studio-token" content="a&#34;b">' in reply.text
    assert reply.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    for path in set(re.findall(r'(?:href|src)="(/[^"]+)"', reply.text)):
        assert TestClient(app).get(path).status_code == 200, path
    assert TestClient(app).get("/page/../site.py").status_code == 404


def test_every_table_of_words_has_both_languages():
    tables = [PAGE / "words.js", *sorted((PAGE / "words").glob("*.js"))]
    assert len(tables) == 7
    for path in tables:
        rows = re.findall(r"^  (\w+): \[(.*?)\],$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        assert rows, path.name
        for name, texts in rows:
            pair = json.loads("[" + re.sub(r",\s*$", "", texts.strip()) + "]")
            assert len(pair) == 2, f"{path.name}: {name}"
            assert all(pair), f"{path.name}: {name}"
            fields = [set(re.findall(r"\{\w+\}", text)) for text in pair]
            assert fields[0] == fields[1], f"{path.name}: {name}"


@browsing
def test_rooms_open_by_link_by_key_and_by_address(browser, frame):
    with opened(browser, frame.url + "#/report") as page:
        link = page.get_by_role("navigation", name="Rooms").get_by_role("link")
        expect(link.nth(5)).to_have_attribute("aria-current", "page")
        page.keyboard.press("e")  # without g before it, however soon after the page was opened
        expect(page.locator("[aria-current=page]")).to_have_text("Report")
        assert page.url.endswith("#/report")
        for name in ROOMS:
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.locator("[aria-current=page]")).to_have_text(name)
            expect(page.locator("#room .room")).to_be_visible()
        for key, name in zip("srtecp", ROOMS, strict=True):
            page.evaluate("document.activeElement.blur()")
            page.keyboard.press("g")
            page.keyboard.press(key)
            expect(page.locator("[aria-current=page]")).to_have_text(name)
        page.go_back()
        expect(page.locator("[aria-current=page]")).to_have_text("Talk")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


@browsing
def test_language_and_colours_are_kept(browser, frame):
    with opened(browser, frame.url) as page:
        page.get_by_role("button", name="中文").click()
        expect(page.locator("[aria-current=page]")).to_have_text("书架")
        assert page.locator("html").get_attribute("lang") == "zh-Hans"
        seen = set()
        for _ in range(3):
            page.locator("#studio-theme").click()
            seen.add(page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor"))
        assert len(seen) == 2
        page.reload()
        expect(page.locator("[aria-current=page]")).to_have_text("书架")


@browsing
def test_on_a_phone_the_rooms_are_at_the_bottom(browser, frame):
    with opened(browser, frame.url, PHONE, "zh-CN") as page:
        box = page.get_by_role("navigation").bounding_box()
        assert box["y"] + box["height"] == pytest.approx(844, abs=1)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        names = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
        assert names == ["书架", "问答", "训练", "考试", "对话", "报告"]


@browsing
def test_a_server_that_went_away_is_said_and_its_new_token_taken(browser):
    frame = Frame()
    frame.start("first")
    with browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        page.goto(frame.url)
        expect(page.locator("#room .room")).to_be_visible()
        frame.stop()
        expect(page.locator("#lost")).to_contain_text("连不上")
        frame.start("second")
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator('meta[name="studio-token"]')).to_have_attribute("content", "second")
    frame.stop()


def test_the_sheets_of_rooms_leave_the_chat_pages_elements_alone():
    """The room Talk is the chat page: a rule of another room for one of its classes would move its parts about."""

    def first_classes(folder: Path, names: str) -> dict[str, str]:
        found = {}
        for path in folder.glob(names):
            text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            for selectors in re.findall(r"([^{}]+)\{", text):
                for selector in selectors.split(","):
                    if (match := re.match(r"\.([\w-]+)", selector.strip())) is not None:
                        found[match[1]] = path.name
        return found

    chat = first_classes(PAGE.parents[1] / "serving/page", "*.css")
    rooms = first_classes(PAGE, "*.css")
    frame = {name for name, file in rooms.items() if file == "studio.css"}
    assert len(chat) > 30
    assert {name: file for name, file in rooms.items() if name in chat and name not in frame} == {}
