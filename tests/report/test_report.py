"""The report of a workspace: opened in a real browser, and as a document."""

import dataclasses
import json
import platform
import shutil
import sqlite3
from contextlib import closing

import pytest
import torch

from jianghu import files
from jianghu.report import charts
from jianghu.report.advice import advice
from jianghu.report.facts import Stated
from jianghu.report.figures import study_finding
from jianghu.report.gather import gather
from jianghu.report.page import page
from jianghu.workspace import Workspace

from ..browser import CHROMIUM, QUIET
from ..conftest import jianghu
from ..llm.teacher_server import Act, TeacherServer, chat, items_for

ANSWERS = ["base", "chat-best", "chat"]


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


def test_page_is_one_small_file_without_findings_of_studies_that_were_not_run(root):
    page = (root / "report" / "index.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 5_000_000
    assert "not run" not in page
    assert 'id="studies"' not in page
    assert [path.name for path in (root / "report").iterdir()] == ["index.html"]


def test_training_and_validation_loss_stand_in_one_chart(root):
    for run in gather(Workspace(root)).runs:
        rows = files.read_log(root / "runs" / run.name / "metrics.jsonl")
        for part, key in (("train", "train_bpc"), ("val", "val_bpc")):
            curve = [(point.step, loss) for point, loss in run.curve(part)]
            assert curve == [(row["step"], row[key]) for row in rows if key in row]
            assert len(curve) > 1
        drawn = {next(iter(line.data_source.data["part"])) for line in charts.curves("c", [run]).renderers}
        assert drawn == {"train", "val"}


def test_commands_carry_the_flags_by_which_a_run_differs(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    flags = ("--max-iters", 3, "--warmup-iters", 1, "--n-layer", 1)
    jianghu("pretrain", "--name", "small", *flags, cwd=root)
    jianghu("sft", "--name", "brief", "--from", "base/last", "--max-iters", 2, "--warmup-iters", 1, cwd=root)
    jianghu("eval", "small", "--limit", 2, "--max-new-tokens", 3, cwd=root)
    facts = gather(Workspace(root))
    assert "jianghu pretrain" in facts.commands
    assert "jianghu sft" in facts.commands
    [small] = [line for line in facts.commands if "--name small" in line]
    assert all(f"--{name} {value}" in small for name, value in (("max-iters", 3), ("n-layer", 1), ("warmup-iters", 1)))
    assert small.count("--") == 4
    [brief] = [line for line in facts.commands if "--name brief" in line]
    assert "--from base/last" in brief
    assert "--max-iters 2" in brief
    [exam] = [line for line in facts.commands if "eval small " in line]
    assert "--limit 2" in exam
    assert "--max-new-tokens 3" in exam
    shutil.rmtree(root / "runs" / "small")
    jianghu(*small.split()[1:], cwd=root)  # the very line makes the run again
    assert [run.command for run in gather(Workspace(root)).runs if run.name == "small"] == [small]


def test_what_the_runs_were_computed_with_is_told(root):
    for run in gather(Workspace(root)).runs:
        assert run.environment.python == platform.python_version()
        assert run.environment.torch == torch.__version__
        assert run.environment.dtype in ("float32", "bfloat16")
        assert run.environment.threads >= 1
        assert run.environment.processor
    assert torch.__version__ in (root / "report" / "index.html").read_text(encoding="utf-8")


def test_partial_exams_are_shown_and_no_base_of_advice(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    jianghu("eval", "base", "--limit", 2, cwd=root)
    path = root / "evals" / "base.records.limit-2.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    for scores in [result["scores"], *result["groups"].values()]:
        scores["accuracy"] = 1.0
    path.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    facts = gather(Workspace(root))
    assert "base" in {exam.run for exam in facts.exams}
    partial = [exam.partial for exam in facts.exams]
    assert partial == sorted(partial)  # whole ones stand first
    assert set(partial) == {False, True}
    assert "base" not in " ".join(said.en for said in advice(facts))
    assert "only 2 questions were asked" in page(facts)


def test_the_users_own_studies_are_shown_with_what_they_found(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    trials = [
        {"name": f"rate-{rate}", "key": str(rate), "values": {"pretrain.learning_rate": rate}, "state": "done",
         "outcome": {"best_val": loss, "best_step": 20, "step": 40}}
        for rate, loss in ((0.01, 5.5), (0.001, 6.25))
    ]  # fmt: skip
    failed = {
        **trials[0],
        "name": "rate-9",
        "key": "9",
        "state": "failed",
        "outcome": None,
        "error": "<b>no number</b>",
    }
    about = {"title": "How fast", "title_zh": "多快", "question": "Which rate?", "question_zh": "", "goal": "val_bpc"}
    study = {"study": "rates-cpu", **about, "file": "studies/rates.toml", "members": [*trials, failed]}
    files.write_json(root / "studies" / "rates-cpu" / "results.json", study)
    facts = gather(Workspace(root))
    assert "jianghu sweep studies/rates.toml --scale cpu" in facts.commands
    finding = study_finding(facts.studies[0])
    assert "learning_rate 0.01 (5.500 bits per character)" in finding.en
    assert "learning_rate 0.001" in finding.zh
    text = page(facts)
    assert all(word in text for word in ("How fast", "多快", "Which rate?", finding.en, finding.zh))
    assert "<b>no number" not in text


def test_facts_of_the_teacher_are_those_of_its_store(root):
    teacher = gather(Workspace(root)).teacher
    assert (teacher.records, teacher.rejected) == (10, {"evidence not found": 10})
    assert teacher.requests == {"passage/records": {"read": 10}}
    [used] = teacher.models
    assert (used.model, used.replies, used.tokens_in, used.tokens_out) == ("test-model", 10, 1000, 500)
    assert used.cost == pytest.approx(10 * 200e-6)
    assert teacher.coverage[0].chapters == 12
    text = (root / "report" / "index.html").read_text(encoding="utf-8")
    assert "<td>test-model</td>" in text
    assert "0.0020" in text
    assert "evidence not found" in text
    assert "依据在书中找不到" in text


def test_without_a_teacher_the_report_shows_the_records(shelf):
    facts = gather(Workspace(shelf))
    assert not facts.teacher.asked
    assert sum(facts.records.sources.values()) == sum(facts.records.splits.values())
    assert set(facts.records.sources) == {"cloze", "written"}
    assert set(facts.records.chapters["青峰录"]) == set(range(1, 13))
    assert "The teacher" not in page(facts)


def test_a_store_of_another_version_does_not_stop_the_report(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    (root / "synth.sqlite").unlink()
    with closing(sqlite3.connect(root / "synth.sqlite")) as other:
        other.execute("PRAGMA user_version = 1")
    jianghu("report", cwd=root)
    assert "of version 1, and this jianghu reads" in (root / "report" / "index.html").read_text(encoding="utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
@pytest.mark.timeout(300)
def test_page_in_a_browser(root):
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright drives the browser")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=120_000)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        faults, requests = [], []
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((root / "report" / "index.html").as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=120_000)
        names = page.evaluate("Object.keys(data.charts)")
        assert {"curves-pretrain", "curves-sft"} <= set(names)
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
        assert page.evaluate(shown) == 4  # training, validation, its dots, the star
        first = page.inner_text("#sample-left-text")
        page.select_option("#sample-left", index=1)
        assert page.inner_text("#sample-left-text") != first
        rows = page.locator("#answers tr").count()
        assert rows > 5
        assert page.locator(".answer-of").evaluate_all("all => all.map(one => one.value)") == ANSWERS
        assert page.locator("#answers .stranger").all_inner_texts() == ["宋江"]
        assert "走" * 9 in page.locator("#answers .loop").all_inner_texts()
        page.locator(".answer-of").nth(1).select_option("chat")
        assert page.locator("#answers .stranger").all_inner_texts() == ["宋江"] * 2
        assert page.locator("#answers tr:first-child td:visible").count() == 5
        page.select_option("#answer-group", "trained")
        assert 0 < page.locator("#answers tr").count() < rows
        page.evaluate("root.dataset.lang = 'en'")
        page.click("#lang")
        assert "结果" in page.inner_text("#choice")
        assert "原题" in page.inner_text("#exams")
        assert page.locator("#answer-group option").nth(1).inner_text() == "原题"
        assert page.evaluate("figures['curves-pretrain'].left[0].axis_label") == "每字比特"
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.locator("#answers tr:first-child td:visible").count() == 4
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
    assert faults == []
    assert [url for url in requests if not url.startswith("file:")] == []


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
@pytest.mark.timeout(300)
@pytest.mark.slow  # tests/export/test_html_page.py has the same answers in a page
def test_a_checkpoint_answers_in_the_report(root, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright drives the browser")
    root = shutil.copytree(root, tmp_path / "shelf")
    shutil.rmtree(root / "evals")  # where best and last are the same weights, another exam would be theirs too
    jianghu("eval", "chat/last", cwd=root)  # the last one may be more talkative than the best
    jianghu("report", "--with-model", "chat/last", "--out", tmp_path, cwd=root)
    result = json.loads((root / "evals" / "chat-last.records.json").read_text(encoding="utf-8"))
    asked = sorted(result["answers"], key=lambda answer: -len(answer["answer"]))[:4]
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=120_000)
        page = browser.new_context(offline=True, locale="en-US", viewport={"width": 390, "height": 800}).new_page()
        faults, requests = [], []
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url.partition(":")[0]))
        page.goto((tmp_path / "index.html").as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=120_000)
        options = page.eval_on_selector_all("#ask-from option", "found => found.map(option => option.value)")
        assert {answer["question"] for answer in asked} <= set(options), (asked, options)
        same = 0
        for answer in asked:
            page.evaluate("document.getElementById('ask-state').textContent = ''")
            page.select_option("#ask-from", answer["question"])
            page.locator("#ask-state", has_text=" tokens").wait_for()
            assert page.inner_text("#ask-taken") == (answer["answer"] or "—")
            assert page.inner_text("#ask-reference") == answer["reference"]
            same += page.inner_text("#ask-answer") == (answer["answer"] or "—")
        assert same >= len(asked) - 1 == 3  # 8 bits may tip a close choice
        page.fill("#ask-text", "这句话谁也没有问过")
        page.press("#ask-text", "Enter")
        page.locator("#ask-exam").wait_for(state="hidden")
        page.locator("#ask-send").wait_for()
        assert page.inner_text("#ask-answer")
        assert page.locator("#ask .share").count() == page.locator("#exams .shares").first.locator(".share").count()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
    assert faults == []
    assert set(requests) == {"file", "blob"}


def test_a_base_continues_and_a_document_cannot_answer(root, tmp_path):
    jianghu("report", "--with-model", "base", "--out", tmp_path, cwd=root)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "base continues texts in this page" in page
    ended = jianghu("report", "--with-model", "base", "--format", "md", "--out", tmp_path, cwd=root, check=False)
    assert ended.returncode == 2
    assert "--format md" in ended.stderr
    assert "worker-src" not in (root / "report" / "index.html").read_text(encoding="utf-8")


def test_document_has_its_plots_beside_it(root):
    jianghu("report", "--format", "md", cwd=root)
    text = (root / "report" / "report.md").read_text(encoding="utf-8")
    assert "- rejected: 依据在书中找不到 · evidence not found 10" in text
    assert "- test-model: 10 replies, 1,000 + 500 tokens, cost 0.0020" in text
    assert "jianghu pretrain" in text
    for name in ("curves-pretrain.png", "curves-sft.png"):
        assert name in text
        assert (root / "report" / name).read_bytes().startswith(b"\x89PNG")
        assert (root / "report" / name).with_suffix(".svg").exists()


def test_a_workspace_without_runs_is_refused_in_one_line(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "bare", ignore=shutil.ignore_patterns("runs"))
    ended = jianghu("report", cwd=root, check=False)
    assert ended.returncode == 2
    assert "no runs to report" in ended.stderr


def test_what_the_readers_probabilities_were_worth_is_shown(shelf):
    facts = gather(Workspace(shelf))
    about = json.loads((shelf / "data/reader/config.json").read_text(encoding="utf-8"))
    assert [row.questions for row in facts.reliability] == [row["questions"] for row in about["reliability"]]
    told = dataclasses.replace(facts, reliability=[Stated(0.5, 0.4, 10)])
    assert "reliability" in page(told)
    assert "What are the reader" not in page(dataclasses.replace(facts, reliability=[]))
