"""`log` sends what metrics.jsonl holds. The trackers stand here as a module of their three calls, written to disk."""

import json
import sys

import pytest

from jianghu.files import read_log

from ..conftest import jianghu

STAND_IN = """
import json
rows = open("sent.jsonl", "a")
def init(*, project, name, config):
    rows.write(json.dumps({"project": project, "name": name, "config": config}) + "\\n")
def log(row, *, step):
    if step < 0: raise ValueError("no negative steps\\nmore")
    rows.write(json.dumps({"step": step, **row}) + "\\n")
def finish():
    rows.close()
"""


@pytest.fixture
def tracker(tmp_path, monkeypatch):
    (tmp_path / "swanlab.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "sent.jsonl"
    sys.modules.pop("swanlab", None)


def test_every_number_is_sent_with_its_step(shelf, tracker):
    ended = jianghu("-C", shelf, "log", "base", "--to", "swanlab", "--project", "novels", cwd=tracker.parent)
    first, *sent = [json.loads(line) for line in tracker.read_text().splitlines()]
    assert (first["project"], first["name"]) == ("novels", "base")
    assert first["config"]["pretrain"]["max_iters"] == 40
    rows = read_log(shelf / "runs" / "base" / "metrics.jsonl")
    assert [row["step"] for row in sent] == [row["step"] for row in rows]
    assert [row.get("train_loss") for row in sent] == [row.get("train_loss") for row in rows]
    assert f"{len(rows)} rows of base sent to swanlab, project novels." in ended.stdout + ended.stderr


def test_what_is_missing_is_said_in_one_line(shelf, tracker, tmp_path):
    for arguments, said in (
        (("none", "--to", "swanlab"), "no metrics"),
        (("base", "--to", "trackio"), "pip install trackio"),
        (("base", "--to", "nothing"), "nothing"),
    ):
        ended = jianghu("-C", shelf, "log", *arguments, cwd=tmp_path, check=False)
        assert ended.returncode == 2
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_tracker_that_fails_is_one_line(shelf, tracker, monkeypatch):
    monkeypatch.setattr("jianghu.files.read_log", lambda path: [{"step": 1, "train_loss": 2.0}, {"step": -1}])
    ended = jianghu("-C", shelf, "log", "base", "--to", "swanlab", cwd=tracker.parent, check=False)
    assert ended.returncode == 1
    assert "swanlab: no negative steps (1 rows were sent)" in ended.stderr
