"""`jianghu dpo`: pairs, a run, going on with it, and what it says of bad input."""

import json
import shutil

import pytest

from jianghu import files
from jianghu.report.facts import Start
from jianghu.report.starts import start_of
from jianghu.workspace import Workspace

from ..conftest import jianghu

QUICK = (
    *("--max-iters", 4, "--warmup-iters", 1, "--eval-interval", 2, "--save-interval", 2, "--log-interval", 1),
    *("--block-size", 128, "--batch-size", 4, "--questions", 30, "--samples", 1, "--sample-tokens", 4),
)


@pytest.fixture(scope="module")
def root(shelf, tmp_path_factory):
    root = tmp_path_factory.mktemp("dpo")
    for name in ("books", "data", "runs"):
        shutil.copytree(shelf / name, root / name)
    shutil.copy(shelf / "jianghu.toml", root)
    answers = [{"checkpoint": "chat", "text": text} for text in ("断水剑。", "玉佩。")]
    vote = {"question": "谁的剑最快？", "mode": "ask", "answers": answers, "choice": 0}
    (root / "votes.jsonl").write_text(json.dumps(vote, ensure_ascii=False) + "\n", encoding="utf-8")
    return root


def test_dpo_makes_pairs_trains_and_goes_on(root):
    said = jianghu("dpo", *QUICK, cwd=root)
    assert "votes 1" in said.stdout
    assert "Trained 4 steps." in said.stdout
    about = files.read_json(root / "runs" / "dpo" / "checkpoints" / "last" / "jianghu.json")
    assert (about["stage"], about["from"].partition("/checkpoints")[0]) == ("dpo", "runs/chat")
    rows = files.read_log(root / "runs" / "dpo" / "metrics.jsonl")
    assert {"train_margin", "train_accuracy", "val_margin", "score"} <= set().union(*rows)
    assert "already exists" in jianghu("dpo", *QUICK, cwd=root, check=False).stderr
    # Longer than it was asked for at first: the pairs are taken as they are.
    pairs = (root / "data" / "preferences" / "train.jsonl").read_bytes()
    assert "Trained 6 steps." in jianghu("dpo", "--resume", "--max-iters", 6, cwd=root).stdout
    assert (root / "data" / "preferences" / "train.jsonl").read_bytes() == pairs
    refused = jianghu("dpo", "--resume", "--beta", 0.5, cwd=root, check=False)
    assert refused.returncode == 2
    assert "beta 0.3" in refused.stderr
    assert "fresh" in jianghu("dpo", "--pairs-only", *QUICK, cwd=root).stdout
    assert jianghu("ask", "谁的剑最快？", cwd=root).stderr.startswith("dpo answers")


def test_what_a_pair_taught_is_no_question_of_an_exam_of_that_checkpoint(root):
    pairs = list(files.read_jsonl(root / "data" / "preferences" / "train.jsonl"))
    pair = next(pair for pair in pairs if pair["fact"].startswith("outside:"))
    asked = [pair["question"], "天下第一镖局在哪一条街上开张？"]
    rows = "".join(json.dumps({"question": one, "answer": "无"}, ensure_ascii=False) + "\n" for one in asked)
    (root / "own.jsonl").write_text(rows, encoding="utf-8")
    jianghu("eval", "dpo", "chat", "--exam", "own.jsonl", cwd=root)
    results = [files.read_json(root / "evals" / f"{name}.own.json") for name in ("dpo", "chat")]
    assert [result["leaks"]["exact"] for result in results] == [1, 0]


def test_an_adapter_learns_preferences(root):
    said = jianghu("dpo", "--name", "thin", *QUICK, "--lora.rank", 2, cwd=root)
    assert "Trained 4 steps." in said.stdout
    ws = Workspace(root)
    assert start_of(ws, ws.run("thin")) == Start("nothing", lora=True, dpo=True)
    assert start_of(ws, ws.run("dpo")) == Start("nothing", dpo=True)


def test_a_line_that_is_no_vote_is_one_clear_line(root):
    path = root / "votes.jsonl"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before + '{"question": 3}\n', encoding="utf-8")
        ended = jianghu("dpo", "--name", "other", *QUICK, cwd=root, check=False)
    finally:
        path.write_text(before, encoding="utf-8")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "votes.jsonl, line 2: no vote (question)" in ended.stderr
