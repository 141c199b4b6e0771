"""Killed at any moment, resumed, and the weights are those of an unbroken run, to the last bit."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from jianghu.training.state import RunFolder

from ..conftest import jianghu

STAGES = {"pretrain": "base", "sft": "chat"}


def weights(root, name):
    return {
        path.parent.name: path.read_bytes() for path in (root / "runs" / name).glob("checkpoints/*/model.safetensors")
    }


def start(root, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "jianghu", *arguments],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def killed_and_resumed(shelf, tmp_path, stage, kills, seed):
    """Start a stage anew, kill it `kills` times at random moments of its life, let it end; return how many hit it."""
    root = shutil.copytree(shelf, tmp_path / stage)
    name = STAGES[stage]
    shutil.rmtree(root / "runs" / name)
    random_ = random.Random(seed)
    hits = 0
    for _ in range(kills):
        owner = root / "runs" / f".{name}.owner"  # there while the stage holds its lock
        owner.unlink(missing_ok=True)
        process = start(root, stage, "--resume")
        if random_.random() < 0.8:  # most moments fall into the work, some into starting
            while process.poll() is None and not owner.exists():
                time.sleep(0.01)
        time.sleep(random_.uniform(0.0, 1.2))
        process.kill()
        process.communicate()
        hits += process.returncode == -signal.SIGKILL
    jianghu(stage, "--resume", cwd=root)
    assert weights(root, name) == weights(shelf, name)
    assert not list((root / "runs" / name).rglob(".*.tmp-*"))
    return hits


QUICK = [
    "pretrain",
    # A start loads PyTorch, and fine-tuning goes on by the same code; tests/training kills it within one process.
    pytest.param("sft", marks=pytest.mark.slow),
]


@pytest.mark.slow  # test_signals.py and the Ctrl-C below end a whole program; tests/training kills within one process
@pytest.mark.parametrize("stage", STAGES)
def test_two_kills(shelf, tmp_path, stage):
    assert killed_and_resumed(shelf, tmp_path, stage, 2, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("stage", STAGES)
def test_twenty_kills(shelf, tmp_path, stage):
    assert killed_and_resumed(shelf, tmp_path, stage, 20, seed=2) >= 10


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
@pytest.mark.parametrize("stage", QUICK)
def test_ctrl_c_saves_says_how_to_go_on_and_loses_nothing(shelf, tmp_path, stage):
    root = shutil.copytree(shelf, tmp_path / stage)
    name = STAGES[stage]
    shutil.rmtree(root / "runs" / name)
    process = start(root, stage)
    while not (root / "runs" / name / "metrics.jsonl").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.fail("the run was over before Ctrl-C reached it; make it longer")
    assert process.returncode == 130
    assert f"jianghu {stage} --name {name} --resume\n" in said
    assert "Traceback" not in said
    jianghu(stage, "--resume", cwd=root)
    assert weights(root, name) == weights(shelf, name)


@pytest.mark.slow  # tests/test_signals.py has the kind without the seconds of training
@pytest.mark.skipif(sys.platform == "win32", reason="no hang-up there")
@pytest.mark.parametrize("held_back", [True, False])
def test_a_closed_terminal_saves_like_sigterm(shelf, tmp_path, held_back):
    """The window is closed: SIGHUP comes, or (`held_back`) the first write that fails comes long before it."""
    import pty

    root = shutil.copytree(shelf, tmp_path / "shelf")
    shutil.rmtree(root / "runs" / "base")
    process, terminal = pty.fork()
    if not process:
        os.chdir(root)
        os.environ["OMP_NUM_THREADS"] = "1"
        if held_back:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        # So long that it ends only when it is told to.
        os.execv(sys.executable, [sys.executable, "-m", "jianghu", "pretrain", "--max-iters", "3000"])
    while not (root / "runs" / "base" / "metrics.jsonl").exists():
        os.read(terminal, 1024)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130
    _, saved = RunFolder(root / "runs" / "base").load_state()
    assert 0 < saved.step < 3_000
