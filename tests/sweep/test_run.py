"""Whole studies on a tiny shelf: runs, shared and own data, failures, several workers, kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from jianghu import files
from jianghu.sweep.run import open_study, study_folder, work
from jianghu.sweep.trial_queue import TrialQueue
from jianghu.workspace import Workspace

from ..conftest import RECIPE, jianghu

SMALL = """
title = "Small"
preset = "demo"
{more}
[settings.model]
n_layer = 1
n_head = 2
n_embd = 16
[settings.pretrain]
max_iters = 12
batch_size = 2
block_size = 16
warmup_iters = 2
eval_interval = 4
save_interval = 4
sample_tokens = 2
mixture = {{ records = 0.0 }}
[settings.sft]
max_iters = 6
batch_size = 2
block_size = 128
warmup_iters = 2
eval_interval = 3
save_interval = 3
sample_tokens = 2
[settings.eval]
limit = 6
max_new_tokens = 4
{grid}
"""
RATES = '[grid]\n"pretrain.learning_rate" = [1e-2, 1e-3, 1e-4]'


@pytest.fixture
def small(shelf, tmp_path):
    """A workspace with prepared data and records and no runs, and a way to write a study into it."""
    root = shutil.copytree(shelf, tmp_path / "shelf", ignore=shutil.ignore_patterns("runs", "evals"))

    def study(grid, more="", name="small"):
        path = root / f"{name}.toml"
        path.write_text(SMALL.format(grid=grid, more=more), encoding="utf-8")
        return path

    return study


def do(path):
    ws = Workspace(path.parent)
    study = open_study(ws, path)
    TrialQueue(study, study_folder(ws, study)).fill(study.trials())
    work(ws, study)
    return ws, study, TrialQueue(study, study_folder(ws, study)).rows()


def weights(root):
    return {path.relative_to(root): path.read_bytes() for path in root.glob("runs/*/checkpoints/*/model.safetensors")}


def test_members_are_runs_of_the_workspace_trained_as_pretrain_trains_them(small):
    path = small(RATES)
    ws, _, rows = do(path)
    names = ["small-learning_rate-0.01", "small-learning_rate-0.001", "small-learning_rate-0.0001"]
    assert [row["name"] for row in rows] == names
    for row, name in zip(rows, names, strict=True):
        metrics = files.read_log(ws.run(name) / "metrics.jsonl")
        scored = [line for line in metrics if "val_bpc" in line]
        assert [line["step"] for line in row["outcome"]["curve"]] == [line["step"] for line in scored] == [0, 4, 8, 12]
        assert row["value"] == row["outcome"]["best_val"] == min(line["val_bpc"] for line in scored)
    recipe = ws.root / "jianghu.toml"
    shutil.copy(ws.run(names[1]) / "recipe.toml", recipe)  # the same settings by the plain command
    jianghu("pretrain", "--name", "plain", cwd=ws.root)
    last = "checkpoints/last/model.safetensors"
    assert (ws.run("plain") / last).read_bytes() == (ws.run(names[1]) / last).read_bytes()


def test_nothing_is_trained_twice(small):
    path = small(RATES)
    ws, _, _ = do(path)
    before = {file: file.stat().st_mtime_ns for file in ws.runs.rglob("*") if file.is_file()}
    do(path)
    assert {file: file.stat().st_mtime_ns for file in ws.runs.rglob("*") if file.is_file()} == before


def test_a_member_that_fails_does_not_stop_the_study(small):
    path = small('[grid]\n"pretrain.block_size" = [16, 1000000, 32]')
    _, _, rows = do(path)
    assert [row["state"] for row in rows] == ["done", "failed", "done"]
    assert "is longer than the validation text" in rows[1]["error"]


def test_a_member_with_another_tokenizer_has_data_of_its_own(small):
    path = small('[grid]\n"tokenizer.kind" = ["bpe", "char"]')
    shared = files.sha256_tree(path.parent / "data")
    ws, _, rows = do(path)
    assert [row["state"] for row in rows] == ["done", "done"]
    assert files.sha256_tree(ws.data) == shared
    (own,) = (folder for folder in ws.studies.glob("data-*") if folder.is_dir())
    assert files.read_json(own / "manifest.json")["settings"]["tokenizer"]["kind"] == "char"
    vocabulary = files.read_json(ws.run("small-kind-char") / "checkpoints/last/config.json")["vocab_size"]
    assert vocabulary == files.read_json(own / "tokens" / "tokens.json")["vocab_size"]


@pytest.mark.slow  # trains twice
def test_members_that_differ_after_pretraining_share_its_run_and_take_one_exam(small):
    grid = '[grid]\n"sft.max_iters" = [6, 9]\n"synth.cloze_records" = [200, 199]'
    path = small(grid, 'stages = ["pretrain", "sft", "eval"]\ngoal = "accuracy"\nexamined = ["best", "last"]')
    ws, _, rows = do(path)
    assert [row["error"] for row in rows] == [None] * 4
    assert [folder.name for folder in ws.runs.glob("*base")] == ["small-base"]
    assert len(list(ws.studies.glob("records-*/records/train.jsonl"))) == 1
    asked = set()
    for row in rows:
        assert row["value"] == row["outcome"]["accuracy"]
        for file in row["outcome"]["exams"]:
            result = files.read_json(ws.root / file)
            assert result["run"] == row["name"]
            asked.add(json.dumps([answer["question"] for answer in result["answers"]]))
    assert len(asked) == 1


def test_members_that_mix_their_own_records_into_pretraining_share_no_run(small):
    path = small('[grid]\n"synth.cloze_records" = [200, 150]')
    path.write_text(path.read_text("utf-8").replace("records = 0.0", "records = 0.5"), encoding="utf-8")
    ws, _, rows = do(path)
    assert [row["error"] for row in rows] == [None] * 2
    assert len({row["outcome"]["base"] for row in rows}) == 2
    assert len(list(ws.studies.glob("records-*/records/train.jsonl"))) >= 1


@pytest.fixture(scope="module")
def unbroken(shelf, tmp_path_factory):
    """The weights of a study that nothing disturbed."""
    root = shutil.copytree(shelf, tmp_path_factory.mktemp("unbroken") / "shelf", ignore=shutil.ignore_patterns("runs"))
    (root / "small.toml").write_text(SMALL.format(grid=RATES, more=""), encoding="utf-8")
    do(root / "small.toml")
    return weights(root)


@pytest.mark.slow  # starts programs that each load PyTorch
def test_two_commands_at_once_share_a_study_and_kill_nine_loses_nothing(small, unbroken):
    """Both are killed in the middle, then both go on; each trial is done once and ends as if undisturbed."""
    path = small(RATES)
    root = path.parent
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "jianghu", "sweep", path.name]
    one = [*command, "--one-worker"]

    def start(words):
        return subprocess.Popen(words, cwd=root, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    ws = Workspace(root)
    study = open_study(ws, path)
    queue = TrialQueue(study, study_folder(ws, study))
    queue.fill(study.trials())
    workers = [start(one), start(one)]
    states = root.glob("runs/*/state/state.safetensors")
    while len({state.parents[1] for state in states}) < 1 and all(worker.poll() is None for worker in workers):
        time.sleep(0.01)
        states = root.glob("runs/*/state/state.safetensors")
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    assert "done" not in [row["state"] for row in queue.rows()]
    both = [start([*command, "--workers", "1"]), start([*command, "--workers", "1"])]
    for process in both:
        process.communicate(timeout=240)
        assert process.returncode == 0
    results = files.read_json(root / "studies" / "small" / "results.json")
    assert [row["state"] for row in results["trials"]] == ["done"] * 3
    assert weights(root) == unbroken
    journal = (root / "studies" / "small" / "journal.log").read_text(encoding="utf-8")
    assert journal.count('"outcome"') == 3  # nobody did a trial that another had done
    assert not list(root.glob("runs/*-old*"))


@pytest.mark.slow  # starts programs that each load PyTorch
def test_workers_end_in_order_when_their_parent_is_killed(small, unbroken):
    path = small(RATES)
    root = path.parent
    command = [sys.executable, "-m", "jianghu", "sweep", path.name, "--workers", "1"]
    parent = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
    while not list(root.glob("runs/*/metrics.jsonl")):
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    log = root / "studies" / "small" / "worker-1.log"
    deadline = time.monotonic() + 60
    while "jianghu: Stopped" not in log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.1)
    assert len(list(root.glob("runs/*/result.json"))) < 3
    said = jianghu("sweep", path.name, "--workers", "1", cwd=root)
    assert "small-learning_rate-0.01" in said.stdout
    assert weights(root) == unbroken


@pytest.mark.slow  # starts programs that each load PyTorch
def test_the_command_tells_what_failed_and_tries_it_again_when_asked(small):
    path = small('[grid]\n"pretrain.block_size" = [16, 1000000]')
    ended = jianghu("sweep", path.name, "--workers", "1", cwd=path.parent, check=False)
    assert ended.returncode == 1
    assert "is longer than the validation text" in ended.stdout
    assert "1 of 2 trials failed" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    ended = jianghu("sweep", path.name, "--workers", "1", "--retry-failed", "--json", cwd=path.parent, check=False)
    lines = ended.stdout[ended.stdout.index("{") :]
    assert [row["state"] for row in json.loads(lines)["trials"]] == ["done", "failed"]


@pytest.mark.slow  # starts programs that each load PyTorch
def test_a_worker_killed_by_the_system_fails_its_member_alone(small):
    """As by the kernel's out-of-memory killer: the parent lives, and another worker does the rest."""
    path = small(RATES.replace("1e-2", "2e-2"), name="killed")
    root = path.parent
    command = [sys.executable, "-m", "jianghu", "sweep", path.name, "--workers", "1"]
    parent = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not list(root.glob("runs/*/metrics.jsonl")):
        time.sleep(0.02)
    ws = Workspace(root)
    study = open_study(ws, path)
    journal = (study_folder(ws, study) / "journal.log").read_text(encoding="utf-8")
    process = int(journal.rsplit('"process":', 1)[1].split("}", 1)[0])
    os.kill(process, signal.SIGKILL)
    _, said = parent.communicate(timeout=240)
    assert parent.returncode == 1, said
    rows = {row["state"]: row for row in files.read_json(study_folder(ws, study) / "results.json")["trials"]}
    assert "SIGKILL; was there too little memory" in rows["failed"]["error"]
    assert "1 of 3 trials failed" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [(["missing.toml"], "no such study"), (["small.toml", "--workers", "-1"], "cannot be negative")],
)
def test_bad_input_is_one_line(small, words, said):
    path = small(RATES)
    ended = jianghu("sweep", *words, cwd=path.parent, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.slow  # starts programs that each load PyTorch
def test_memory_is_estimated_within_a_factor_of_two(tmp_path):
    """Peak memory of a real training step in a process of its own, against the estimate."""
    code = """
import resource, torch
from jianghu.model import ModelConfig, Transformer
from jianghu.recipe import load_recipe
from jianghu.training.optim import make_optimizers
torch.set_num_threads(1)
recipe = load_recipe(preset="seed", overrides={"pretrain": {"batch_size": 8, "block_size": 256, "dropout": 0.0}})
model = Transformer(ModelConfig.from_settings(recipe.model, 8192, 256), 0.0)
optimizers = make_optimizers(model, recipe.pretrain)
for step in range(2):
    ids = torch.randint(8192, (8, 256))
    model.loss(ids, ids, None, None).backward()
    optimizers.step()
    optimizers.zero_grad()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
    from jianghu.recipe import load_recipe
    from jianghu.sweep.memory import trial_bytes

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=280)
    recipe = load_recipe(preset="seed", overrides={"pretrain": {"batch_size": 8, "block_size": 256}})
    estimate = trial_bytes(recipe, ["pretrain"], 8192, torch.device("cpu"))
    assert 0.5 < estimate / int(out.stdout) < 2


def test_without_a_workspace_the_demo_is_taken(tmp_path, small):
    path = small(RATES)
    (tmp_path / "empty").mkdir()
    ended = jianghu("sweep", path, "--scale", "nothing", cwd=tmp_path / "empty", check=False)
    assert "no scale 'nothing'" in ended.stderr
    recipe = (tmp_path / "empty" / "demo" / "jianghu.toml").read_text(encoding="utf-8")
    assert 'preset = "demo"' in recipe
    assert recipe != RECIPE
