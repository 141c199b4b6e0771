"""The room Report: the page is shown where it can do nothing, and made by a job."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ..browser import CHROMIUM
from .pages import opened
from .running import Site, new_workspace, until

browsing = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
EVIL = """<!doctype html><title>report</title><p id="said">-</p><script>
fetch("/studio/jobs").then(() => "heard", () => "deaf").then((heard) => {
  let seen = "blind";
  try { seen = parent.document.title } catch {}
  document.getElementById("said").textContent = `${heard} ${seen}`;
});
</script>"""


def test_there_is_no_report_before_one_was_made(tmp_path: Path):
    with Site(new_workspace(tmp_path / "shelf")) as site:
        assert site.get("/report")["made"] is None
        assert site.client.get("/report/page").status_code == 404


@browsing
def test_a_report_cannot_reach_the_studio_that_shows_it(browser: Browser, tmp_path: Path):
    ws = new_workspace(tmp_path / "shelf")
    (ws.root / "report").mkdir()
    (ws.root / "report" / "index.html").write_text(EVIL, encoding="utf-8")
    with Site(ws) as site, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.url}/#/report")
        expect(page.frame_locator("iframe").locator("#said")).to_have_text("deaf blind")
        page.goto(f"{site.url}/studio/report/page")
        expect(page.locator("#said")).to_have_text("deaf report")  # its own title


@browsing
@pytest.mark.slow
def test_the_report_is_made_and_shown(browser: Browser, tmp_path: Path):
    with Site(new_workspace(tmp_path / "shelf")) as site, opened(browser, f"{site.url}/#/report") as page:
        page.get_by_role("button", name="Make the report").click()
        page.get_by_role("dialog").get_by_role("button", name="Make the report").click()
        until(lambda: site.get("/report")["made"], 120)
        expect(page.frame_locator("iframe").locator("h1").first).to_be_visible(timeout=60_000)
        with page.expect_download() as found:
            page.get_by_role("button", name="Download").click()
        assert Path(found.value.path()).read_bytes() == (tmp_path / "shelf/report/index.html").read_bytes()
