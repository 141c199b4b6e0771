"""The report of a workspace: opened in a real browser, and as a document."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jianghu.report.gather import gather
from jianghu.report.page import page
from jianghu.workspace import Workspace

from ..conftest import jianghu
from ..llm.teacher_server import Act, TeacherServer, chat, items_for

CHROMIUM = Path("/usr/bin/chromium")
ANSWERS = ["base", "chat-best", "chat"]
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def half_good(number, body):
    """Of two records the second has a quote that is not in the book."""
    first, second = items_for(body)
    return Act(body=chat(json.dumps({"records": [first, {**second, "evidence": "书里没有这么一句话，是编出来的"}]})))


@pytest.fixture(scope="module")
def root(shelf, tmp_path_factory):
    """The report of a workspace with three examined checkpoints and records of a teacher; one answer is made bad."""
    root = shutil.copytree(shelf, tmp_path_factory.mktemp("report") / "shelf")
    shutil.rmtree(root / "evals")  # other tests may have had exams of their own taken there
    jianghu("eval", "chat", "base", "chat/best", cwd=root)
    path = root / "evals" / "chat.records.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    bad = {"answer": "宋江走走走走走走走走走", "wrong_book": ["宋江"], "loop": True, "outcome": "wrong"}
    result["answers"][0] |= bad
    path.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    with TeacherServer(half_good) as server:
        teacher = (
            "--base-url",
            server.url,
            "--model",
            "test-model",
            "--key-env",
            "",
            "--price-in",
            1,
            "--price-out",
            2,
        )
        asked = ("--strategy", "cloze", "--strategy", "passage", "--passage-chars", 200, "--max-passages", 10)
        jianghu("synth", "run", *asked, *teacher, cwd=root)
    jianghu("report", cwd=root)
    return root


def test_page_is_one_small_file_that_marks_what_was_not_run(root):
    page = (root / "report" / "index.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 5_000_000
    assert "A lower learning rate converges more slowly." in page
    assert "not run" in page
    assert [path.name for path in (root / "report").iterdir()] == ["index.html"]


def test_facts_of_the_teacher_are_those_of_its_store(root):
    teacher = gather(Workspace(root)).teacher
    assert (teacher["records"], teacher["rejected"]) == (10, {"evidence not found": 10})
    assert teacher["requests"] == {"passage/records": {"read": 10}}
    assert teacher["models"] == {
        "test-model": {"replies": 10, "tokens_in": 1000, "tokens_out": 500, "cost": pytest.approx(10 * 200e-6)}
    }
    assert teacher["coverage"]["青峰录"]["chapters"] == 12
    text = (root / "report" / "index.html").read_text(encoding="utf-8")
    assert "<td>test-model</td>" in text
    assert "0.0020" in text
    assert "evidence not found" in text


def test_without_a_teacher_the_report_says_so_and_shows_the_records(shelf):
    facts = gather(Workspace(shelf))
    assert "models" not in facts.teacher
    assert facts.records["sources"].total() == sum(facts.records["splits"].values())
    assert set(facts.records["sources"]) == {"cloze", "written"}
    assert set(facts.records["chapters"]["青峰录"]) == set(range(1, 13))
    text = page(facts)
    assert "No teacher was asked." in text
    assert "Replies by outcome" not in text


def test_a_store_of_another_version_does_not_stop_the_report(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    (root / "synth.sqlite").unlink()
    with closing(sqlite3.connect(root / "synth.sqlite")) as other:
        other.execute("PRAGMA user_version = 1")
    jianghu("report", cwd=root)
    assert "not a store of this version" in (root / "report" / "index.html").read_text(encoding="utf-8")


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
        assert {"curves-pretrain", "curves-sft", "coverage-0", "kinds", "rejected", "shares"} <= set(names)
        for name in names:
            assert page.evaluate("name => document.getElementById(name).getBoundingClientRect().height > 50", name)
        ends = "figures['curves-pretrain'].renderers[0].data_source.data.x.at(-1)"
        steps = page.evaluate(ends)
        page.click("[data-chart=curves-pretrain][data-axis=tokens]")
        assert page.evaluate(ends) == steps * 4 * 32
        shown = "figures['curves-pretrain'].renderers.filter(line => line.visible).length"
        page.click("[data-run=base]")
        assert page.evaluate(shown) == 0
        page.click("[data-run=base]")
        assert page.evaluate(shown) == 3
        first = page.inner_text("#sample-left-text")
        page.select_option("#sample-left", index=1)
        assert page.inner_text("#sample-left-text") != first
        assert page.locator("#answers tr").count() == 15
        assert page.locator(".answer-of").evaluate_all("all => all.map(one => one.value)") == ANSWERS
        assert page.locator("#answers .stranger").all_inner_texts() == ["宋江"]
        assert "走" * 9 in page.locator("#answers .loop").all_inner_texts()
        page.locator(".answer-of").nth(1).select_option("chat")
        assert page.locator("#answers .stranger").all_inner_texts() == ["宋江"] * 2
        assert page.locator("#answers tr:first-child td:visible").count() == 5
        page.select_option("#answer-group", "trained")
        assert 0 < page.locator("#answers tr").count() < 12
        page.evaluate("root.dataset.lang = 'en'")
        page.click("#lang")
        assert "该用哪个检查点" in page.inner_text("#choice")
        assert page.evaluate("figures['curves-pretrain'].left[0].axis_label") == "每字比特"
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.locator("#answers tr:first-child td:visible").count() == 4
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
    assert faults == []
    assert [url for url in requests if not url.startswith("file:")] == []


def test_document_has_its_plots_beside_it(root):
    jianghu("report", "--format", "md", cwd=root)
    text = (root / "report" / "report.md").read_text(encoding="utf-8")
    assert "- rejected: evidence not found 10" in text
    assert "- test-model: 10 replies, 1,000 + 500 tokens, cost 0.0020" in text
    for name in ("curves-pretrain.png", "curves-sft.png"):
        assert name in text
        assert (root / "report" / name).read_bytes().startswith(b"\x89PNG")
        assert (root / "report" / name).with_suffix(".svg").exists()


def test_a_workspace_without_runs_is_refused_in_one_line(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "bare", ignore=shutil.ignore_patterns("runs"))
    ended = jianghu("report", cwd=root, check=False)
    assert ended.returncode == 2
    assert "no runs to report" in ended.stderr
