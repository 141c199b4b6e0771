"""The browser of the studio's tests, and a small prepared shelf with records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from ..browser import CHROMIUM, QUIET
from ..conftest import FACTS, PEOPLE, PLACES, RECIPE, jianghu, novel_text

BOOK = "青峰录"
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver, driver.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        yield browser


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shelf of one book with its records."""
    root = tmp_path_factory.mktemp("recorded") / "shelf"
    (root / "books").mkdir(parents=True)
    (root / f"books/{BOOK}.txt").write_text(novel_text(6, 40), encoding="utf-8")
    names: dict[str, Any] = {name: {"kind": "person", "aliases": []} for name in PEOPLE}
    names["沈青峰"]["aliases"] = ["沈大侠"]
    names |= {name: {"kind": "place"} for name in PLACES}
    (root / f"books/{BOOK}.lexicon.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    facts = "".join(json.dumps(fact, ensure_ascii=False) + "\n" for fact in FACTS)
    (root / f"books/{BOOK}.facts.jsonl").write_text(facts, encoding="utf-8")
    (root / "jianghu.toml").write_text(RECIPE, encoding="utf-8")
    jianghu("prepare", cwd=root)
    jianghu("synth", "run", cwd=root)
    return root
