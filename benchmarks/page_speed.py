"""How fast does an exported page write? `python -m benchmarks.page_speed PAGE.html…`

Each page is opened in Chromium from the disk with the network off and continues a text at once, for 128 tokens. Printed
are the file's size, the time until the file was read, from then to the first text (the clicks in between included), and
tokens per second after that.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

BEGINNING = "却说那日天色已晚，"
WATCH = """(given) => {
  const text = () => document.querySelector(".answer .text")?.textContent.length ?? 0;
  new MutationObserver(() => { if (text() > given) window.first ??= performance.now(); })
    .observe(document.getElementById("talk"), { childList: true, subtree: true, characterData: true });
}"""
TIMES = """() => {
  const { domInteractive } = performance.getEntriesByType("navigation")[0];
  return [domInteractive, window.first, performance.now()];
}"""


def measure(browser: Browser, path: Path) -> tuple[float, float, float]:
    """Seconds until the file was read, and from then to its first text; tokens per second."""
    with browser.new_context(offline=True, locale="en-US") as context:
        page = context.new_page()
        page.goto(path.resolve().as_uri())
        page.evaluate(WATCH, len(BEGINNING))
        page.locator("#open-settings").click()
        page.locator("#set-temperature").fill("1.5")
        page.locator("#set-max_tokens").fill("128")
        page.locator("#settings .solid").click()
        page.locator("[name=mode][value=continue]").check()
        page.locator("#text").fill(BEGINNING)
        page.locator("#text").press("Enter")
        page.locator(".answer.done, .answer.cut").wait_for(timeout=120_000)
        opened, first, last = page.evaluate(TIMES)
        tokens = int(page.locator(".facts").inner_text().split()[0])
    return opened / 1000, (first - opened) / 1000, (tokens - 1) / (last - first) * 1000


def main() -> None:
    """Measure and print."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        for path in map(Path, sys.argv[1:]):
            opened, first, speed = measure(browser, path)
            size = path.stat().st_size / 1e6
            print(f"{path.name}: {size:.1f} MB, read in {opened:.2f} s, text {first:.2f} s later, {speed:.0f} tokens/s")


if __name__ == "__main__":
    main()
