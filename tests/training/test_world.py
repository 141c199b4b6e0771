"""Two real processes, started by torchrun with gloo, train as one does."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from jianghu.errors import InputError
from jianghu.training import World

from ..conftest import jianghu


def torchrun(root, *arguments, processes=2, check=True):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    ended = subprocess.run(
        [*command, "-m", "jianghu", *map(str, arguments)],
        cwd=root, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=250,
    )  # fmt: skip
    if check:
        assert ended.returncode == 0, ended.stderr
    return ended


def rows(root, name):
    return [json.loads(line) for line in (root / "runs" / name / "metrics.jsonl").read_text().splitlines()]


FLAGS = {
    "--dropout": 0, "--batch-size": 3, "--gradient-accumulation-steps": 2, "--ema-decay": 0.9,
    "--schedule": "wsd", "--decay-share": 0.01,  # a constant rate, so that a shorter run is the beginning of a longer
    "--learning-rate": 0.001,  # at high rates a difference in the eighth digit reaches the third within ten steps
}  # fmt: skip


def assert_alike(root, name):
    """A run is as `one`, within the rounding of sums in another order."""
    for left, right in zip(rows(root, "one"), rows(root, name), strict=True):
        for key in ("step", "train_loss", "val_bpc", "val_bpc_ema"):
            assert (key in left) == (key in right)
            if key in left:
                assert right[key] == pytest.approx(left[key], rel=2e-4), (name, left["step"], key)
    assert not list((root / "runs" / name).rglob(".*.tmp-*"))


@pytest.fixture
def one(shelf, tmp_path):
    """A workspace with `one`, a run of 20 steps by one process, and the flags by which it was made."""
    root = shutil.copytree(shelf, tmp_path / "shelf")
    recipe = root / "jianghu.toml"
    recipe.write_text(recipe.read_text().replace("[pretrain]", "[pretrain]\nmixture = { records = 0.2 }"))
    flags = [word for pair in FLAGS.items() for word in pair]
    jianghu("pretrain", "--name", "one", *flags, "--max-iters", 20, cwd=root)
    return root, flags


# About seven seconds: torchrun and two processes each load PyTorch, and nothing else shows that they train as one.
def test_two_processes_train_as_one_and_the_run_moves_from_two_to_one(one):
    root, flags = one
    printed = torchrun(root, "pretrain", "--name", "two", *flags, "--max-iters", 10)
    assert printed.stdout.count("Trained 10 steps") == 1  # one process speaks
    jianghu("pretrain", "--name", "two", *flags, "--max-iters", 20, "--resume", cwd=root)
    assert_alike(root, "two")


@pytest.mark.slow  # torchrun and its processes load PyTorch three times, which takes ten seconds of a core
def test_a_run_moves_from_one_process_to_two(one):
    root, flags = one
    jianghu("pretrain", "--name", "moved", *flags, "--max-iters", 10, cwd=root)
    torchrun(root, "pretrain", "--name", "moved", *flags, "--max-iters", 20, "--resume")
    assert_alike(root, "moved")


@pytest.mark.slow  # as above
@pytest.mark.parametrize("shard", ["off", "on"])
def test_two_processes_learn_preferences_as_one(shelf, tmp_path, shard):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    flags = ("--max-iters", 6, "--warmup-iters", 1, "--log-interval", 1, "--eval-interval", 3, "--block-size", 128)
    flags = (*flags, "--batch-size", 3, "--learning-rate", 0.001, "--questions", 20, "--samples", 1)
    jianghu("dpo", "--name", "one", *flags, cwd=root)
    printed = torchrun(root, "dpo", "--name", "two", *flags, "--shard", shard)
    assert printed.stdout.count("Trained 6 steps") == 1
    assert_alike(root, "two")
    for left, right in zip(rows(root, "one"), rows(root, "two"), strict=True):
        for key in left.keys() & {"train_margin", "train_accuracy", "val_margin", "score"}:
            assert right[key] == pytest.approx(left[key], rel=1e-3, abs=1e-4), key


def test_of_several_processes_the_first_one_says_what_is_wrong(shelf, monkeypatch):
    wrong = ("pretrain", "--name", "x", "--max-iters", -1)
    assert "max_iters" in jianghu(*wrong, cwd=shelf, check=False).stderr
    monkeypatch.setenv("RANK", "1")
    silent = jianghu(*wrong, cwd=shelf, check=False)
    assert (silent.returncode, silent.stderr) == (2, "")


@pytest.mark.slow  # as above
def test_bad_input_is_said_once_by_several_processes(shelf, tmp_path):
    root = shutil.copytree(shelf, tmp_path / "shelf")
    ended = torchrun(root, "pretrain", "--name", "x", "--batch-size", 1, check=False)
    assert ended.returncode != 0
    assert ended.stderr.count("jianghu: [pretrain] batch_size 1 is below the number of processes, 2") == 1


def test_rows_are_shared_without_gap_or_overlap():
    for size in (1, 2, 3, 5):
        for count in (5, 6, 7, 16):
            taken = [n for rank in range(size) for n in range(count)[World(rank, size).rows(count)]]
            assert taken == list(range(count))


def test_an_incomplete_environment_is_refused(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(InputError, match="environment of torchrun is incomplete"):
        World.join()
