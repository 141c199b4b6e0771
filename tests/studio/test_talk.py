"""The room Talk: checkpoints are read when they are asked for, and let go; the chat in the studio's frame."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, expect

from jianghu.jobs import Jobs
from jianghu.recipe import ServeSettings
from jianghu.studio import Studio
from jianghu.studio.events import Events
from jianghu.studio.models import CheckpointsOnDemand
from jianghu.studio.talk import Talk
from jianghu.workspace import Workspace

from ..browser import CHROMIUM
from .pages import PHONE, opened
from .running import Site, new_workspace

browsing = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")


@pytest.fixture(scope="module")
def workspace(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the tests' shelf, which votes and training may change."""
    return Workspace(shutil.copytree(shelf, tmp_path_factory.mktemp("talk") / "shelf"))


@pytest.fixture(scope="module")
def site(workspace: Workspace) -> Iterator[Site]:
    with Site(workspace) as site:
        yield site


def test_a_checkpoint_is_read_once_and_again_when_it_was_trained_on(workspace):
    checkpoints = CheckpointsOnDemand(workspace)
    assert set(checkpoints) == set(workspace.checkpoints())
    first = checkpoints["base/last"]
    assert checkpoints["base/last"] is first
    weights = workspace.checkpoint("base/last") / "model.safetensors"
    os.utime(weights, ns=(0, weights.stat().st_mtime_ns + 10**9))
    assert checkpoints["base/last"] is not first
    assert checkpoints.let_go(time.monotonic() + 1) == set()
    with pytest.raises(KeyError):
        checkpoints["nobody/last"]


def test_what_a_runs_name_stands_for_comes_first(workspace):
    told = CheckpointsOnDemand(workspace).describe()
    meant = [f"{run}/{workspace.checkpoint(run).name}" for run in ("chat", "base")]
    assert [one["name"] for one in told][:2] == meant
    assert [one["kind"] for one in told][:2] == ["chat", "base"]


def test_a_checkpoint_that_nobody_asks_is_let_go(workspace):
    talk = Talk(Studio(workspace, ServeSettings(), Jobs(workspace.root), Events()), idle_seconds=0.2)
    app = FastAPI()
    for router in talk.routers:
        app.include_router(router)

    async def use() -> None:
        transport = httpx.ASGITransport(app)
        async with talk.running(), httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            body = {"model": "base/last", "prompt": "沈青峰", "max_tokens": 4}
            assert (await client.post("/v1/completions", json=body)).status_code == 200
            assert talk.service.worker.held == {"base/last"}
            for _ in range(200):
                if not talk.service.worker.held:
                    break
                await asyncio.sleep(0.05)
            assert talk.service.worker.held == set()
            assert (await client.post("/v1/completions", json=body)).status_code == 200

    asyncio.run(use())


def test_writing_needs_the_token_and_reading_does_not(site):
    body = {"model": "chat/last", "messages": [{"role": "user", "content": "沈青峰是谁？"}]}
    assert httpx.post(f"{site.url}/v1/chat/completions", json=body).status_code == 403
    assert httpx.get(f"{site.url}/api/about").json()["checkpoints"]
    token = {"X-Studio-Token": site.app.state.token}
    unknown = httpx.post(f"{site.url}/v1/chat/completions", json={**body, "model": "nobody"}, headers=token)
    assert unknown.json()["error"]["code"] == "model_not_found"


@browsing
def test_the_chat_is_a_room_and_goes_on_while_the_reader_is_elsewhere(browser: Browser, site: Site, workspace):
    with opened(browser, f"{site.url}/#/talk", locale="zh-CN") as page:
        expect(page.locator("#text")).to_be_focused()
        expect(page.locator("#columns select")).to_have_value(f"chat/{workspace.checkpoint('chat').name}")
        page.locator("#text").fill("沈青峰是谁？")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="考试").click()
        expect(page.locator(".in-exam h1")).to_have_text("考试")
        page.get_by_role("link", name="对话").click()
        expect(page.locator(".question")).to_have_text("沈青峰是谁？")
        expect(page.locator(".answer.done, .answer.cut")).to_have_count(1)
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("button", name="New talk")).to_be_visible()
        expect(page.locator(".question")).to_have_text("沈青峰是谁？")
        page.get_by_role("heading", name="沈青峰").click()
        page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keys")
        expect(keys).to_contain_text("to the question")
        expect(keys).to_contain_text("go to Shelf")


@browsing
def test_on_a_phone_the_box_stands_above_the_rooms(browser: Browser, site: Site):
    with opened(browser, f"{site.url}/#/talk", PHONE) as page:
        expect(page.locator(".example").first).to_be_visible()
        rooms = page.get_by_role("navigation", name="Rooms").bounding_box()
        box = page.locator("#composer").bounding_box()
        assert rooms
        assert box
        assert box["width"] > 340
        assert box["y"] + box["height"] <= rooms["y"] + 1
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@browsing
def test_where_nothing_was_trained_the_room_says_what_to_do(browser: Browser, tmp_path: Path):
    with Site(new_workspace(tmp_path / "shelf")) as site, opened(browser, f"{site.url}/#/talk") as page:
        expect(page.get_by_role("heading", name="Nobody has read the books yet")).to_be_visible()
        expect(page.get_by_role("link", name="To the training")).to_be_visible()
