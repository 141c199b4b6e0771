"""An English shelf runs to the end, and nothing that it shows or makes is Chinese."""

import json
import re

import pytest

from ..conftest import jianghu
from ..english import PEOPLE, english_novel

HAN = re.compile("[\u3400-\u9fff]")
SMALL = ("--max-iters", 4, "--warmup-iters", 1, "--eval-interval", 2, "--batch-size", 2)


@pytest.fixture
def shelf_of_one(tmp_path):
    (tmp_path / "ferry.txt").write_text(english_novel(5, 30), encoding="utf-8")
    jianghu("init", "shelf", cwd=tmp_path)
    jianghu("-C", "shelf", "books", "add", "ferry.txt", "--title", "The Ferry", cwd=tmp_path)
    return tmp_path


def test_an_english_book_is_read_prepared_and_asked_about_in_english(shelf_of_one):
    checked = jianghu("-C", "shelf", "books", "check", "--json", cwd=shelf_of_one).stdout
    assert json.loads(checked)[0]["chapters"] == 5
    jianghu("-C", "shelf", "prepare", "--vocab-size", 600, cwd=shelf_of_one)
    made = jianghu("-C", "shelf", "synth", "run", cwd=shelf_of_one)
    assert not HAN.search(made.stdout.replace("《三国演义》", "").replace("三国演义.txt", ""))
    rows = [json.loads(line) for line in (shelf_of_one / "shelf/data/records/train.jsonl").open(encoding="utf-8")]
    assert {row["kind"] for row in rows} >= {"who", "whom"}
    assert not [row for row in rows if HAN.search(row["question"] + row["answer"])]
    assert {row["short_answer"] for row in rows if row["kind"] == "whom"} <= set(PEOPLE)


@pytest.mark.slow
def test_an_english_shelf_runs_to_the_end(shelf_of_one):
    at = ("-C", "shelf")
    jianghu(*at, "prepare", "--vocab-size", 600, cwd=shelf_of_one)
    jianghu(*at, "synth", "run", cwd=shelf_of_one)
    jianghu(*at, "pretrain", "--size", "tiny", "--block-size", 128, *SMALL, cwd=shelf_of_one)
    jianghu(*at, "sft", *SMALL, cwd=shelf_of_one)
    jianghu(*at, "eval", "chat", "--limit", 6, cwd=shelf_of_one)
    results = [path.read_text(encoding="utf-8") for path in (shelf_of_one / "shelf" / "evals").glob("chat*.json")]
    questions = [question for text in results for question in re.findall(r'"question": "(.+)"', text)]
    assert questions
    assert not [question for question in questions if HAN.search(question)]
    jianghu(*at, "ask", "Who is Captain Moss?", cwd=shelf_of_one)
    samples = (shelf_of_one / "shelf/runs/base/samples.jsonl").read_text(encoding="utf-8")
    assert not HAN.search(samples)
