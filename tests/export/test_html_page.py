"""The exported page in a real browser: from a file:// address, with the network off."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.conformance import extracts
from jianghu.chat import question, render
from jianghu.corpus import read_chapters
from jianghu.evaluation.columns import group_name
from jianghu.export import model_facts
from jianghu.export.html import Examples, write_html
from jianghu.export.html.book import book_data
from jianghu.export.html.pack import pack
from jianghu.generation import Sampling, generate
from jianghu.pages import as_data
from jianghu.reader import Reading
from jianghu.reader.stage import reader_of
from jianghu.records import read_records, record_files
from jianghu.retrieval import open_book
from jianghu.workspace import Workspace

from ..browser import CHROMIUM, QUIET
from ..conftest import jianghu, novel_text
from .conftest import HARD_TEXTS, shelf_text
from .page import Chromium, as_float16

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")
expect.set_options(timeout=30_000)

ASKED = "沈青峰用什么兵器"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver, driver.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        yield browser


@pytest.fixture(scope="module")
def file(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the fine-tuned checkpoint, as the command writes it."""
    out = tmp_path_factory.mktemp("page")
    ended = jianghu("export", "chat/last", "--to", "html", "--out", out, cwd=shelf)
    assert "chat-last-Q8_0.html" in ended.stdout.replace("\n", "")
    return out / "chat-last-Q8_0.html"


@contextmanager
def opened(browser: Browser, file: Path, locale: str = "en-US", width: int = 1280) -> Iterator[Page]:
    """The open page; afterwards: nothing on the console, and nothing asked for but the file and its own worker."""
    with browser.new_context(offline=True, viewport={"width": width, "height": 860}, locale=locale) as context:
        page = context.new_page()
        complaints: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        context.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        expect(page.locator("#text")).to_be_focused()
        yield page
        assert complaints == []
        assert {url.partition(":")[0] for url in asked} <= {"file", "blob"}
        assert [url for url in asked if url.startswith("file:")] == [file.as_uri()] * asked.count(file.as_uri())


def settings(page: Page, **values: float) -> None:
    """Move the sliders."""
    page.locator("#open-settings").click()
    for name, value in values.items():
        page.locator(f"#set-{name}").fill(str(value))
    page.locator("#settings .solid").click()


def ask(page: Page, text: str) -> str:
    """Ask, wait until all is written, and give the answer."""
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator(".answer.writing")).to_have_count(0)
    return page.locator(".answer .text").last.inner_text()


def test_the_answer_is_that_of_the_checkpoint(browser, shelf, chat, tmp_path):
    jianghu("export", "chat/last", "--to", "html", "--type", "f32", "--out", tmp_path, cwd=shelf)
    prompt = render(chat.tokenizer, question(ASKED), prompt=True).ids
    [ours] = generate(chat.model, [prompt], Sampling(64), chat.tokenizer.stop_ids)
    [more] = generate(chat.model, [chat.tokenizer.encode("次日清晨，")], Sampling(32), chat.tokenizer.stop_ids)
    with opened(browser, tmp_path / "chat-last-F32.html") as page:
        settings(page, temperature=0, max_tokens=64, repetition_penalty=1)
        assert ask(page, ASKED) == (chat.tokenizer.written(ours.ids) or "(It said nothing.)")
        page.locator("[name=mode][value=continue]").check()
        settings(page, max_tokens=32)
        assert ask(page, "次日清晨，") == "次日清晨，" + chat.tokenizer.written(more.ids)
        page.reload()
        expect(page.locator(".answer")).to_have_count(2)  # the talk is kept


@pytest.fixture(scope="module")
def chromium(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Chromium:
    return Chromium(browser, tmp_path_factory.mktemp("engine"))


def test_ids_in_the_browser_are_ours(chromium, chat):
    texts = [*HARD_TEXTS, *extracts(shelf_text(), 500)]
    assert chromium(chat, "encode", texts=texts) == chat.tokenizer.encode_many(texts)


@pytest.mark.slow
def test_ten_thousand_extracts_have_our_ids_in_the_browser(chromium, chat):
    texts = extracts(shelf_text(), 10_000)
    assert chromium(chat, "encode", texts=texts) == chat.tokenizer.encode_many(texts)


def test_greedy_text_in_the_browser_is_the_float16_checkpoints(chromium, lively):
    texts = extracts(novel_text(), 50, most=30)
    said = chromium(lively, "write", "f16", requests=[{"prompt": text, "max_tokens": 40} for text in texts])
    prompts = [lively.tokenizer.encode(text) for text in texts]
    ours = generate(as_float16(lively).model, prompts, Sampling(40), lively.tokenizer.stop_ids)
    assert [row["said"] for row in said] == [lively.tokenizer.written(row.ids) for row in ours]


def test_perplexity_of_eight_bits_in_the_browser_is_within_a_hundredth(chromium, chat):
    rows = [chat.tokenizer.encode(text)[:100] for text in extracts(novel_text(chapters=1, seed=9), 4)]
    exact, rounded = (sum(chromium(chat, "nats", stored, rows=rows)) for stored in ("f32", "q8_0"))
    assert math.exp((rounded - exact) / sum(len(ids) - 1 for ids in rows)) == pytest.approx(1, abs=0.01)


def test_the_reader_in_the_browser_says_what_ours_says(chromium, shelf):
    ws = Workspace(shelf)
    book = open_book(ws)
    reader = reader_of(ws, book)
    asked = sorted({record.question for path in record_files(ws.records) for record in read_records(path)})[::6]
    theirs = chromium.read(book_data(book, reader), asked)
    different = []
    for words, said in zip(asked, theirs, strict=True):
        ours, place = reader.read(words), said["place"] or {"start": 0, "end": 0}
        same = (said["answer"], place["start"], place["end"]) == (ours.answer, ours.start, ours.end)
        if not same or said["probability"] != pytest.approx(ours.probability, abs=1e-3):
            different.append((words, said, ours.answer, ours.start, ours.probability))
    assert different == []
    assert any(said["answer"] for said in theirs)


def test_words_of_a_book_and_of_the_model_are_never_markup(browser, chat, tmp_path):
    """In examples, questions and answers; a worker that says markup stands for the model."""
    evil, name = '<img src=x onerror="document.title=1">', "</script><script>document.title=1</script>"
    examples = Examples([name], [{"text": name, "split": "train"}], [{"text": evil, "book": name}])
    path = tmp_path / "page.html"
    write_html(chat, path, model_facts(chat, None), group_name, examples)
    before, data, after = re.split(r'(?<=id="data">)(.*?)(?=</script>)', path.read_text(encoding="utf-8"), maxsplit=1)
    said = json.dumps([{"kind": "text", "text": evil}, {"kind": "done", "finish": "stop", "tokens": 1}])
    worker = f"""onmessage = ({{ data: {{ kind, number }} }}) => {{
      if (kind === "load") postMessage({{ kind: "loaded" }});
      else if (kind === "write") {said}.forEach((one) => postMessage({{ ...one, number }}));
    }};"""
    path.write_text(before + str(as_data({**json.loads(data), "worker": worker})) + after, encoding="utf-8")
    with opened(browser, path) as page:
        assert page.locator(".example span").all_inner_texts() == [name]
        page.locator(".example").click()
        expect(page.locator(".question")).to_have_text(name)
        expect(page.locator(".answer .text")).to_have_text(evil)
        assert page.locator("main img").count() == 0
        assert page.title() == "chat-last · 江湖 Jianghu"


def test_stop_keyboard_languages_themes_and_a_phones_width(browser, file):
    with opened(browser, file) as page:
        settings(page, temperature=1.5, max_tokens=1024)
        page.locator("#text").fill(ASKED)
        page.locator("#text").press("Enter")
        expect(page.locator(".answer.writing, .answer.done, .answer.cut")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.locator(".answer.writing")).to_have_count(0)
        assert isinstance(ask(page, ASKED), str)  # the next question is answered
        page.locator("#text").blur()
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        assert "vote" not in page.locator("#keys").inner_text()
        page.keyboard.press("Escape")
        page.locator("#open-card").click()
        expect(page.locator("#card")).to_contain_text("nothing is sent anywhere")
        expect(page.locator("#card")).to_contain_text("《青峰录》")
        page.locator("#card .solid").click()
        page.locator("#language").click()
        page.locator("#open-card").click()
        expect(page.locator("#card")).to_contain_text("不需要网络")
        expect(page.locator("#card")).not_to_contain_text("nothing is sent", use_inner_text=True)
        page.keyboard.press("Escape")
        for _ in range(3):
            page.locator("#theme").click()
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("#new").click()
        expect(page.locator(".example").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def read_and_not(ws: Workspace) -> tuple[str, Reading, str]:
    """A question that the reader answers, what it says, and a question of no book."""
    reader = reader_of(ws)
    assert reader is not None
    asked = (record.question for record in read_records(ws.records / "train.jsonl"))
    question, said = next((one, said) for one, said in ((one, reader.read(one)) for one in asked) if said.found)
    return question, said, "xyzzy"


def test_the_books_are_in_the_page_if_asked_for(browser, shelf, file, tmp_path):
    assert '"books": null' in file.read_text(encoding="utf-8")
    ended = jianghu("export", "chat/last", "--to", "html", "--with-book", "--out", tmp_path, cwd=shelf)
    assert "the whole text of 《青峰录》" in (ended.stdout + ended.stderr).replace("\n", " ")
    [ours, *_] = open_book(Workspace(shelf)).search(ASKED, 3)
    with opened(browser, tmp_path / file.name) as page:
        page.locator("#open-book-switch").click()
        ask(page, ASKED)
        expect(page.locator(".passages li")).to_have_count(3)
        assert page.locator(".passages .text").first.inner_text().replace("\n", "") == ours.text.replace("\n", "")
        page.locator(".passages .link").first.click()
        expect(page.locator("#book-title")).to_have_text(ours.title)
        shown = "".join(page.locator("#book-text mark").all_inner_texts())
        assert shown == ours.text.replace("\n", "")
        chapter = next(one for one in read_chapters(Workspace(shelf).chapters) if one.chapter == ours.chapter)
        assert page.locator("#book-text").inner_text().split() == chapter.text.split()
        page.keyboard.press("Escape")
        asked, told, silent = read_and_not(Workspace(shelf))
        ask(page, asked)
        said = page.locator(".turn").last.locator(".reading")
        expect(said.locator("strong")).to_have_text(told.answer)
        expect(said.locator(".sure")).to_contain_text(f"{round(told.probability * 100)}")
        said.locator(".chip").click()
        expect(page.locator("#book-text mark").first).to_be_visible()
        assert "".join(page.locator("#book-text mark").all_inner_texts()) == told.text.replace("\n", "")
        page.keyboard.press("Escape")
        ask(page, silent)
        expect(page.locator(".turn").last.locator(".reading.none")).to_be_visible()
    ended = jianghu("export", "chat/last", "--with-book", "--out", tmp_path, cwd=shelf, check=False)
    assert ended.returncode == 2
    assert "--to html" in ended.stderr


def test_the_file_is_hardly_larger_than_its_weights(file, chat):
    weights = len(pack(chat, "q8_0").weights)
    assert file.stat().st_size < 1.1 * weights * 4 / 3 + 300_000


@pytest.mark.parametrize("kept", [0, 4000, 50_000])
def test_a_file_that_is_cut_off_or_damaged_says_so(browser, file, tmp_path, kept):
    text = file.read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(text[: text.index('id="weights">') + kept], encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as page:
        ask(page, ASKED)
        expect(page.get_by_role("alert")).to_contain_text("Is the file whole?")


def test_the_page_allows_nothing_but_its_own_scripts(file):
    policy = re.search(r'Security-Policy" content="([^"]*)"', file.read_text(encoding="utf-8"))
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe-inline" not in policy[1]
    assert "unsafe-eval" not in policy[1].replace("wasm-unsafe-eval", "")
