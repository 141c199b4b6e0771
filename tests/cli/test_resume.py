"""Going on with a run: by its own settings, by exactly the line that was printed after Ctrl-C."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ..conftest import jianghu


@pytest.fixture
def stand(shelf, tmp_path):
    """A folder with a prepared workspace in it, in which nothing is trained; its name has a blank."""
    shutil.copytree(shelf, tmp_path / "a shelf", ignore=shutil.ignore_patterns("runs", "evals"))
    return tmp_path


def start(stand, *arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "-m", "jianghu", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=stand, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def stopped_at(process, file):
    """Press Ctrl-C as soon as a file is there; return what was printed and the command to go on with."""
    while process.poll() is None and not file.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    words = shlex.split(said.split("Go on with: ")[1].splitlines()[0])
    return words[words.index("jianghu") + 1 :] if "jianghu" in words else words[1:]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_the_printed_line_goes_on_with_the_runs_own_flags(stand):
    flags = ("--n-layer", 1, "--learning-rate", 0.02, "--max-iters", 300)
    process = start(stand, "-C", "a shelf", "pretrain", "--name", "mine", *flags)
    words = stopped_at(process, stand / "a shelf/runs/mine/metrics.jsonl")
    assert words == ["-C", "a shelf", "pretrain", "--name", "mine", "--resume"]
    jianghu(*words, "--max-iters", 60, "--eval-interval", 30, cwd=stand)
    manifest = json.loads((stand / "a shelf/runs/mine/manifest.json").read_text("utf-8"))
    assert manifest["settings"]["model"]["n_layer"] == 1
    assert manifest["settings"]["pretrain"]["learning_rate"] == 0.02
    assert manifest["settings"]["pretrain"]["max_iters"] == 60
    assert manifest["flags"] == {
        "model": {"n_layer": 1},
        "pretrain": {"learning_rate": 0.02, "max_iters": 60, "eval_interval": 30},
    }
    assert json.loads((stand / "a shelf/runs/mine/result.json").read_text())["step"] >= 60


def test_flags_with_resume_are_taken_with_a_line_or_refused_by_name(stand):
    at = ("-C", "a shelf", "pretrain")
    jianghu(*at, "--max-iters", 12, "--n-layer", 1, cwd=stand)
    said = jianghu(*at, "--resume", "--max-iters", 20, "--save-interval", 5, cwd=stand).stdout
    assert "goes on with other settings, as given: max_iters 12 → 20, save_interval 10 → 5" in said
    refused = jianghu(*at, "--resume", "--n-layer", 2, "--max-iters", 30, cwd=stand, check=False)
    assert refused.returncode == 2
    assert "runs/base was begun with n_layer 1; with --n-layer 2 it would be another run" in refused.stderr
    recipe = stand / "a shelf/jianghu.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("batch_size = 4", "batch_size = 3"), encoding="utf-8")
    said = jianghu(*at, "--resume", cwd=stand).stdout
    assert "base goes on as it was begun; jianghu.toml differs by now: batch_size 4 (3)" in said


def test_fine_tuning_goes_on_from_the_checkpoint_it_began_with(stand):
    at = ("-C", "a shelf")
    jianghu(*at, "pretrain", "--max-iters", 20, cwd=stand)
    jianghu(*at, "sft", "--from", "base/last", "--max-iters", 10, cwd=stand)
    jianghu(*at, "sft", "--resume", "--max-iters", 12, cwd=stand)
    about = json.loads((stand / "a shelf/runs/chat/checkpoints/last/jianghu.json").read_text("utf-8"))
    assert about["from"] == "runs/base/checkpoints/last"
    assert about["step"] == 12


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
@pytest.mark.parametrize("stage", ["prepare", "eval"])
def test_stages_without_a_run_of_their_own_say_how_they_go_on(shelf, tmp_path, stage):
    root = tmp_path / "a shelf"
    shutil.copytree(shelf, root)
    words = {"prepare": ("prepare", "--vocab-size", "599"), "eval": ("eval", "chat", "--max-new-tokens", "7")}[stage]
    begun = {"prepare": root / ".data.owner", "eval": root / "evals/.chat.records.json.owner"}[stage]
    begun.unlink(missing_ok=True)

    def press_ctrl_c():
        while not begun.exists():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press_ctrl_c, daemon=True).start()
    ended = jianghu("-C", "a shelf", *words, cwd=tmp_path, check=False)
    assert ended.returncode == 130
    assert ended.stderr.endswith(f"Go on with: jianghu -C 'a shelf' {' '.join(words)}\n")
    jianghu(*shlex.split(ended.stderr.rpartition("Go on with: jianghu ")[2]), cwd=tmp_path)


def test_a_run_stays_fresh_after_it_was_resumed(stand):
    jianghu("-C", "a shelf", "pretrain", cwd=stand)
    jianghu("-C", "a shelf", "pretrain", "--resume", cwd=stand)
    assert json.loads(jianghu("-C", "a shelf", "status", "--json", cwd=stand).stdout)["pretrain"] == "fresh"


def test_patience_may_end_a_run_and_so_makes_it_stale(stand):
    jianghu("-C", "a shelf", "pretrain", cwd=stand)
    recipe = stand / "a shelf/jianghu.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("[pretrain]\n", "[pretrain]\npatience = 3\n"), encoding="utf-8")
    status = json.loads(jianghu("-C", "a shelf", "status", "--json", cwd=stand).stdout)
    assert status["pretrain"] == "the setting pretrain.patience changed from 0 to 3"
