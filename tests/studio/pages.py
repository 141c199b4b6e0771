"""A browser's page of the studio that notes what it complains of and whom it asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize

WIDE: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}


@contextmanager
def opened(
    browser: Browser, url: str, viewport: ViewportSize = WIDE, locale: str = "en-US", refusals: bool = False
) -> Iterator[Page]:
    """The open page; afterwards: nothing on the console, no request that left this machine.

    Args:
        refusals: the server refuses something in this test, of which a browser tells by itself.
    """
    with browser.new_context(viewport=viewport, locale=locale, accept_downloads=True) as context:
        page = context.new_page()
        complaints: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        context.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        yield page
        said = [line for line in complaints if not line.startswith("[bokeh")]  # it tells its version, in the report
        assert [line for line in said if not (refusals and "status of 400" in line)] == []
        assert {urlsplit(one).netloc for one in asked if not one.startswith("blob:")} == {urlsplit(url).netloc}
