"""Exams: reading them, taking one, and results that do not depend on the batch size."""

import json

import pytest

from jianghu.errors import InputError
from jianghu.evaluation import read_exam, take_exam
from jianghu.model import Checkpoint, ModelConfig
from jianghu.recipe import EvalSettings

from ..dataset.test_records import tokenizer
from ..model.test_transformer import random_model

ROWS = [
    {"id": f"q{n}", "question": f"沈青峰第{n}日去了哪里？", "answer": "青石镇。他在那里取剑。",
     "short_answer": "青石镇", "aliases": ["青石"], "kind": "where" if n % 2 else "who"}
    for n in range(11)
]  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    config = ModelConfig(tokenizer().vocab_size, 128, 2, 4, 2, 32, 64)
    return Checkpoint(tmp_path_factory.mktemp("none"), random_model(config), tokenizer(), {})


def test_an_exam_file_is_read_with_its_optional_fields(tmp_path):
    path = tmp_path / "exam.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), encoding="utf-8")
    items = read_exam(path)
    assert items[0].accepted == ("青石镇", "青石")
    assert {item.group for item in items} == {"who", "where"}
    path.write_text(json.dumps({"question": "谁？", "answer": "宋江", "type": "star"}), encoding="utf-8")
    assert read_exam(path)[0].accepted == ("宋江",)
    assert read_exam(path)[0].kind == "star"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"question": "谁？"}', "question 1: answer is missing or empty"),
        ('{"question": " ", "answer": "a"}', "question 1: question is missing or empty"),
        ('{"question": "谁？", "answer": "a", "aliases": "b"}', "aliases must be a list of texts"),
        ("", "holds no questions"),
    ],
)
def test_a_faulty_exam_is_refused_by_line(tmp_path, line, message):
    path = tmp_path / "exam.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_exam(path)


def exam_of(tmp_path, rows=ROWS):
    path = tmp_path / "exam.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return read_exam(path)


def test_scores_add_up_and_do_not_depend_on_the_batch_size(checkpoint, tmp_path):
    items = exam_of(tmp_path, [{**row, "group": "train"} for row in ROWS])
    results = [take_exam(checkpoint, items, EvalSettings(batch_size=size, max_new_tokens=12)) for size in (1, 4, 32)]
    assert results[0].answers == results[1].answers == results[2].answers
    scores = results[0].scores
    assert scores.questions == 11
    assert scores.accuracy == pytest.approx(sum(answer.correct for answer in results[0].answers) / 11, abs=1e-4)
    assert scores.low <= scores.accuracy <= scores.high
    assert list(results[0].groups) == ["train"]
    assert all("\ufffd" not in answer.answer for answer in results[0].answers)


def test_a_limit_takes_questions_from_the_whole_exam(checkpoint, tmp_path):
    result = take_exam(checkpoint, exam_of(tmp_path), EvalSettings(limit=3, max_new_tokens=2))
    assert [answer.id for answer in result.answers] == ["q1", "q5", "q9"]
