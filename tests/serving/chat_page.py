"""The chat page as a reader uses it."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor

from jianghu.model import Checkpoint

from .running import Running


@contextmanager
def opened(browser: Browser, site: Running) -> Iterator[Page]:
    """The open page; afterwards: nothing on the console, and no request that left this machine."""
    with browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-US") as context:
        page = context.new_page()
        complaints: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        context.on("request", lambda request: asked.append(request.url))
        page.goto(site.url)
        expect(page.locator(".example").first).to_be_visible()
        yield page
        assert complaints == []
        assert {urlsplit(url).netloc for url in asked} == {urlsplit(site.url).netloc}


def settings(page: Page, **values: float) -> None:
    """Move the sliders."""
    page.get_by_role("button", name="Settings").click()
    for name, value in values.items():
        page.locator(f"#set-{name}").fill(str(value))
    page.get_by_role("button", name="Done").click()


def ask(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def settled(page: Page) -> None:
    """Wait until nothing is being written."""
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator(".answer.writing")).to_have_count(0)


def kept(page: Page) -> Any:
    """What the page has written down."""
    return json.loads(page.evaluate("() => localStorage.getItem('jianghu')"))


def halting(checkpoint: Checkpoint, after: int, go_on: Event) -> Checkpoint:
    """A checkpoint that never ends a text by itself, and that waits after some tokens until it may go on."""
    model, written = copy.deepcopy(checkpoint.model), itertools.count(1)
    score = model.next_scores

    def next_scores(hidden: Tensor) -> Tensor:
        if next(written) > after:
            go_on.wait(120)
        scores = score(hidden)
        scores[..., list(checkpoint.tokenizer.stop_ids)] = -torch.inf
        return scores

    model.next_scores = next_scores  # type: ignore[method-assign]
    return dataclasses.replace(checkpoint, model=model)
