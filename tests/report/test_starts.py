"""Where checkpoints started from: read from their runs, and shown side by side under the same exam."""

import shutil

import pytest

from jianghu import files
from jianghu.report.facts import Start
from jianghu.report.gather import gather
from jianghu.report.page import page
from jianghu.report.starts import start_name, start_of, start_table
from jianghu.workspace import Workspace

from ..conftest import jianghu


def run(root, name, stage, source="", lora=0):
    """The folder of a run as the trainer leaves it, without its weights."""
    folder = root / "runs" / name
    settings = {"lora": {"rank": lora}} if lora else {}
    files.write_json(folder / "manifest.json", {"inputs": {}, "settings": {stage: settings}})
    about = {"run": name, "stage": stage, **({"from": source} if source else {})}
    files.write_json(folder / "checkpoints" / "last" / "jianghu.json", about)
    return f"runs/{name}/checkpoints/last"


@pytest.fixture
def ws(tmp_path):
    (tmp_path / "jianghu.toml").write_text('preset = "demo"\n', encoding="utf-8")
    files.write_json(tmp_path / "qwen" / "config.json", {})
    return Workspace(tmp_path)


def test_a_start_is_read_from_the_runs_that_a_checkpoint_came_through(ws):
    base = run(ws.root, "base", "pretrain")
    chat = run(ws.root, "chat", "sft", base)
    run(ws.root, "dpo", "dpo", chat)
    grown = run(ws.root, "grown", "pretrain", base)
    run(ws.root, "grown-chat", "sft", grown)
    theirs = run(ws.root, "theirs", "pretrain", "qwen", lora=8)
    run(ws.root, "theirs-dpo", "dpo", run(ws.root, "theirs-chat", "sft", theirs))
    run(ws.root, "straight", "sft", "Qwen/Qwen3-0.6B")
    files.write_json(ws.root / "elsewhere" / "jianghu.json", {"run": "base", "stage": "pretrain"})
    run(ws.root, "moved", "sft", "elsewhere")
    names = ("chat", "dpo", "grown-chat", "theirs-dpo", "straight", "moved")
    found = {name: start_of(ws, ws.run(name)) for name in names}
    assert found == {
        "chat": Start("nothing"), "dpo": Start("nothing", dpo=True), "grown-chat": Start("own"),
        "theirs-dpo": Start("pretrained", lora=True, dpo=True), "straight": Start("pretrained"), "moved": Start("own"),
    }  # fmt: skip
    assert start_name(found["theirs-dpo"]) == ("pretrained + LoRA + DPO", "预训练模型 + LoRA + DPO")
    assert start_name(found["grown-chat"]).en == "own run"


def test_runs_that_come_from_each_other_end(ws):
    run(ws.root, "a", "sft", "runs/b/checkpoints/last")
    run(ws.root, "b", "sft", "runs/a/checkpoints/last")
    assert start_of(ws, ws.run("a")) == Start("nothing")


def test_two_starts_stand_side_by_side_with_intervals_and_one_start_has_no_table(shelf, tmp_path):
    root = tmp_path / "shelf"
    for name in ("books", "data", "runs"):
        shutil.copytree(shelf / name, root / name)
    shutil.copy(shelf / "jianghu.toml", root)
    jianghu("eval", "chat", cwd=root)
    assert start_table(gather(Workspace(root))) is None
    shutil.copytree(root / "runs" / "chat", root / "runs" / "dpo")
    manifest = files.read_json(root / "runs" / "dpo" / "manifest.json")
    files.write_json(root / "runs" / "dpo" / "manifest.json", {**manifest, "settings": {"dpo": {}}})
    result = files.read_json(root / "evals" / "chat.records.json")
    answers = [{**answer, "correct": True, "outcome": "right"} for answer in result["answers"]]
    dpo = {**result, "checkpoint": "runs/dpo/checkpoints/best", "run": "dpo", "answers": answers}
    files.write_json(root / "evals" / "dpo.records.json", dpo)
    facts = gather(Workspace(root))
    table = start_table(facts)
    assert table is not None
    assert [(name.zh, checkpoint) for name, checkpoint in table.heads] == [
        ("从零开始", result["checkpoint"].removeprefix("runs/").replace("/checkpoints/", "/")),
        ("从零开始 + DPO", "dpo/best"),
    ]
    rows = {name.en: cells for name, cells in table.rows}
    asked = sum(answer["group"] == "trained" for answer in answers)
    assert rows["same words"][1].startswith("100.0 % (")
    assert rows["same words"][1].endswith("–100)")
    assert asked > 0
    assert rows["goes round in circles"][0] == rows["goes round in circles"][1]
    shown = page(facts)
    assert "从零开始 + DPO" in shown
    assert "100.0 % (" in shown
    assert any(line.startswith("jianghu dpo") for line in facts.commands)
    jianghu("report", "--format", "md", cwd=root)
    assert "| 从零开始 · from nothing:" in (root / "report" / "report.md").read_text(encoding="utf-8")
