"""The exam as tasks of lm-evaluation-harness: well formed, and scored there as here."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from jianghu.errors import InputError
from jianghu.evaluation import Item
from jianghu.evaluation.harness import export_tasks

from ..conftest import jianghu
from .test_multiple_choice import items

needs_harness = pytest.mark.skipif(
    importlib.util.find_spec("lm_eval") is None, reason="an extra: pip install lm_eval accelerate"
)


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_tasks_hold_the_prompt_the_model_was_trained_on(shelf, tmp_path):
    from transformers import AutoTokenizer

    assert export_tasks([*items(8), Item("free", "说说看", "", ())], tmp_path, "my exam", 16) == {
        "written": 8,
        "chosen": 8,
    }
    tokenizer = AutoTokenizer.from_pretrained(shelf / "runs/chat/checkpoints/last")
    for row, item in zip(read(tmp_path / "my_exam_written.jsonl"), items(8), strict=True):
        messages = [{"role": "user", "content": item.question}]
        assert row["prompt"] == tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert row["accepted"] == list(item.accepted)
    assert "my_exam_chosen.jsonl" in (tmp_path / "my_exam_chosen.yaml").read_text(encoding="utf-8")
    assert "max_gen_toks: 16" in (tmp_path / "my_exam_written.yaml").read_text(encoding="utf-8")


def test_without_answers_there_is_no_task(tmp_path):
    with pytest.raises(InputError, match="no question with an answer"):
        export_tasks([Item("free", "说说看", "", ())], tmp_path, "free", 16)


@needs_harness
@pytest.mark.slow
def test_the_harness_agrees_question_by_question(shelf, tmp_path):
    settings = ("--limit", 0, "--choice-questions", 10000)
    result = json.loads(jianghu("eval", "chat/best", *settings, "--json", cwd=shelf).stdout)[0]
    jianghu("eval", "--harness", tmp_path / "tasks", cwd=shelf)
    command = [
        sys.executable, "-m", "lm_eval", "--model", "hf", "--device", "cpu", "--batch_size", "8",
        "--model_args", f"pretrained={shelf / 'runs/chat/checkpoints/best'},dtype=float32",
        "--include_path", tmp_path / "tasks", "--tasks", "records_written,records_chosen",
        "--output_path", tmp_path / "out", "--log_samples",
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=280, env={**os.environ, "HF_DATASETS_OFFLINE": "1"})
    ours = {(row["group"], row["id"]): row for row in result["answers"]}
    [chosen], [written] = (
        list(tmp_path.glob(f"out/*/samples_records_{task}*.jsonl")) for task in ("chosen", "written")
    )
    for sample in read(chosen):
        choice = ours[sample["doc"]["group"], sample["doc"]["id"]]["choice"]
        assert sample["acc"] == float(choice["raw"] == choice["right"])
        assert sample["acc_norm"] == float(choice["per_character"] == choice["right"])
    for sample in read(written):
        row = ours[sample["doc"]["group"], sample["doc"]["id"]]
        assert sample["right"] == float(row["correct"])
    assert len(read(written)) == len(result["answers"])
