"""The report of a workspace: opened in a real browser, and as a document."""

import shutil
from pathlib import Path

import pytest

from jianghu.report.findings import rank_correlation

from ..conftest import jianghu

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def root(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    jianghu("report", cwd=root)
    return root


def test_page_is_one_small_file_that_marks_what_was_not_run(root):
    page = (root / "report" / "index.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 5_000_000
    assert "A lower learning rate converges more slowly." in page
    assert "not run" in page
    assert [path.name for path in (root / "report").iterdir()] == ["index.html"]


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed at /usr/bin/chromium")
@pytest.mark.timeout(300)
def test_page_in_a_browser(root):
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright drives the browser")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS, timeout=120_000)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        faults, requests = [], []
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((root / "report" / "index.html").as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=120_000)
        names = page.evaluate("Object.keys(data.charts)")
        assert {"curves-pretrain", "curves-sft", "kinds", "shares"} <= set(names)
        for name in names:
            assert page.evaluate("name => document.getElementById(name).getBoundingClientRect().height > 50", name)
        ends = "figures['curves-pretrain'].renderers[0].data_source.data.x.at(-1)"
        steps = page.evaluate(ends)
        page.click("[data-chart=curves-pretrain][data-axis=tokens]")
        assert page.evaluate(ends) == steps * 4 * 32
        page.click("[data-run=base]")
        assert page.evaluate("figures['curves-pretrain'].renderers.every(line => !line.visible)")
        first = page.inner_text("#sample-left-text")
        page.select_option("#sample-left", index=1)
        assert page.inner_text("#sample-left-text") != first
        assert page.locator("#answers tr").count() > 0
        page.evaluate("root.dataset.lang = 'en'")
        page.click("#lang")
        assert "该用哪个检查点" in page.inner_text("#choice")
        assert page.evaluate("figures['curves-pretrain'].left[0].axis_label") == "每字比特"
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
    assert faults == []
    assert [url for url in requests if not url.startswith("file:")] == []


def test_document_has_its_plots_beside_it(root):
    jianghu("report", "--format", "md", cwd=root)
    text = (root / "report" / "report.md").read_text(encoding="utf-8")
    for name in ("curves-pretrain.png", "curves-sft.png"):
        assert name in text
        assert (root / "report" / name).read_bytes().startswith(b"\x89PNG")
        assert (root / "report" / name).with_suffix(".svg").exists()


def test_a_workspace_without_runs_is_refused_in_one_line(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "bare", ignore=shutil.ignore_patterns("runs"))
    ended = jianghu("report", cwd=root, check=False)
    assert ended.returncode == 2
    assert "no runs to report" in ended.stderr


@pytest.mark.parametrize(
    ("left", "right", "value"),
    [([1, 2, 3], [10, 20, 30], 1.0), ([1, 2, 3], [3, 2, 1], -1.0), ([1, 2, 3, 4], [1, 3, 2, 4], 0.8)],
)
def test_rank_correlation_by_hand(left, right, value):
    assert rank_correlation(left, right) == pytest.approx(value)
    assert rank_correlation(left[:2], right[:2]) is None
