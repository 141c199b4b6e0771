"""`run` and the stages agree: what was trained by hand is kept, and what will be done is said before it begins."""

import json
import shutil

import pytest

from jianghu import pipeline
from jianghu.workspace import Workspace

from ..conftest import jianghu


@pytest.fixture
def root(shelf, tmp_path):
    """A prepared workspace with records, in which nothing is trained, and little will be."""
    copy = shutil.copytree(shelf, tmp_path / "shelf", ignore=shutil.ignore_patterns("runs", "evals"))
    recipe = copy / "jianghu.toml"
    brief = (
        recipe.read_text("utf-8").replace("max_iters = 40", "max_iters = 14").replace("max_iters = 30", "max_iters = 9")
    )
    recipe.write_text(
        brief.replace("limit = 12", "limit = 4\nheldout_windows = 2\nchoice_questions = 2"), encoding="utf-8"
    )
    return copy


def settings_of(root, name):
    return json.loads((root / f"runs/{name}/manifest.json").read_text("utf-8"))["settings"]


def test_a_base_trained_with_flags_is_kept_and_said_to_be(root):
    jianghu("pretrain", "--n-layer", 1, "--max-iters", 12, cwd=root)
    status = json.loads(jianghu("status", "--json", cwd=root).stdout)
    assert status["pretrain"] == "fresh"
    assert status["kept_flags"] == {"pretrain": "--max-iters 12 --n-layer 1"}
    said = jianghu("run", cwd=root).stdout
    assert "kept as it was made, with --max-iters 12 --n-layer 1 (--by-recipe makes it anew)" in said
    assert settings_of(root, "base")["model"]["n_layer"] == 1
    assert not (root / "runs/base-old1").exists()
    again = jianghu("run", cwd=root).stdout
    assert again.splitlines() == [
        f"{stage}: fresh" for stage in ("prepare", "synth", "reader", "pretrain", "sft", "eval")
    ]


@pytest.mark.slow  # trains twice
def test_told_otherwise_it_says_first_what_it_sets_aside(root):
    jianghu("pretrain", "--max-iters", 12, cwd=root)
    said = jianghu("run", "--by-recipe", cwd=root).stdout
    plan = said[: said.index("Training takes about")]
    assert "the setting pretrain.max_iters changed from 12 to 14" in plan
    assert "what is there now is kept as runs/base-old1" in plan
    assert plan.count("about 0:0") == 2  # of pretraining and of fine-tuning
    assert settings_of(root, "base")["pretrain"]["max_iters"] == 14
    assert settings_of(root, "base-old1")["pretrain"]["max_iters"] == 12


def test_flags_of_the_stages(root):
    refused = jianghu("run", "--max-iters", 5, cwd=root, check=False)
    assert refused.returncode == 2
    assert "Write one of --pretrain.max-iters, --sft.max-iters" in refused.stderr
    refused = jianghu("run", "--pretrain.max-iters", 0, cwd=root, check=False)
    assert "the flags: [pretrain] max_iters = 0 cannot be used" in refused.stderr
    ws = Workspace(root)
    flags = {"pretrain": {"max_iters": 20}, "tokenizer": {"vocab_size": 500}}
    rows = {row.name: row for row in pipeline.plan_run(ws, pipeline.pipeline_recipe(ws, flags))}
    assert rows["prepare"].why == "the setting tokenizer.vocab_size changed from 600 to 500"
    assert "prepare" in rows["pretrain"].after
    assert rows["sft"].after == ("synth", "pretrain")
    assert not any(row.fresh for row in rows.values())


def test_a_run_that_was_left_is_gone_on_with(root):
    jianghu("pretrain", "--max-iters", 12, cwd=root)
    (root / "runs/base/result.json").unlink()
    ws = Workspace(root)
    row = next(row for row in pipeline.plan_run(ws, pipeline.pipeline_recipe(ws)) if row.name == "pretrain")
    assert row.resumes
    assert row.aside is None
    next(stage for stage in pipeline.stages(ws, pipeline.pipeline_recipe(ws)) if stage.name == "pretrain").work()
    assert not (root / "runs/base-old1").exists()
    assert (root / "runs/base/result.json").is_file()


def test_status_opens_no_records(root, monkeypatch):
    """It compares hashes: nothing is read that an exam or training would be made from."""
    from jianghu import corpus, records

    def refuse(*arguments: object) -> None:
        raise AssertionError("status read what it need not read")

    jianghu("run", "--pretrain.max-iters", 10, "--sft.max-iters", 10, cwd=root)
    for module, name in ((corpus, "read_chapters"), (records, "read_records")):
        monkeypatch.setattr(module, name, refuse)
    monkeypatch.setattr("jianghu.evaluation.stage.read_chapters", refuse)
    assert json.loads(jianghu("status", "--json", cwd=root).stdout)["eval"] == "fresh"
