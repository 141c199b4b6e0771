"""Bad input: one line that names it, exit code 2 (1 for failed work), nothing half-written, never a traceback."""

import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from ..conftest import jianghu


def refused(*arguments, cwd, code=2):
    result = jianghu(*arguments, cwd=cwd, check=False)
    assert result.returncode == code, result.stdout + result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("jianghu: ")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return lines[0]


@pytest.fixture
def ws(tmp_path):
    jianghu("init", ".", "--preset", "demo", cwd=tmp_path)
    return tmp_path


def test_outside_a_workspace(tmp_path):
    assert "not a workspace" in refused("prepare", cwd=tmp_path)
    assert "no such folder" in refused("-C", "nowhere", "prepare", cwd=tmp_path)


def test_wrong_words(ws):
    assert "Did you mean --max-iters?" in refused("pretrain", "--max-iter", 3, cwd=ws)
    assert "max-iters" in refused("pretrain", "--max-iters", "many", cwd=ws)
    assert "max_iters = 0 cannot be used: input should be greater than 0" in refused(
        "pretrain", "--max-iters", 0, cwd=ws
    )
    assert 'Did you mean "pretrain"' in refused("pretrian", cwd=ws)
    assert "n_embd 100 is not divisible by n_head 3" in refused("pretrain", "--n-embd", 100, "--n-head", 3, cwd=ws)
    (ws / "jianghu.toml").write_text("[pretrain]\nmax_iter = 3\n")
    assert "jianghu.toml: [pretrain] max_iter is not a setting; did you mean max_iters?" in refused("run", cwd=ws)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.txt: the file is empty"),
        (os.urandom(5000) + b"\0" * 50, "a.txt: "),
        ("三个字".encode(), "a.txt: only 3 characters"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "binary"),
    ],
)
def test_unusable_books(ws, content, message):
    (ws / "books" / "a.txt").write_bytes(content)
    assert message in refused("prepare", cwd=ws)
    assert not (ws / "data" / "chapters.jsonl").exists()
    assert (ws / "books" / "a.txt").read_bytes() == content
    assert "books" in refused("books", "add", ws / "books" / "a.txt", cwd=ws)


def test_missing_things(ws, shelf):
    assert "no books" in refused("prepare", cwd=ws)
    assert "`jianghu prepare` makes it" in refused("pretrain", cwd=ws)
    assert "nowhere.txt: no such file" in refused("books", "add", "nowhere.txt", cwd=ws)
    assert "no such checkpoint" in refused("ask", "base", "谁？", cwd=ws)
    assert "There are: base/best, base/last, chat/best, chat/last" in refused("ask", "bse", "谁？", cwd=shelf)
    assert "quiz.jsonl: no such file" in refused("eval", "chat", "--exam", "quiz.jsonl", cwd=shelf)
    assert "the question is empty" in refused("ask", "chat", " ", cwd=shelf)
    assert "tokens long" in refused("ask", "chat", "谁？" * 400, cwd=shelf)


def test_a_corrupt_checkpoint(shelf, tmp_path):
    folder = shutil.copytree(shelf / "runs/chat/checkpoints/best", tmp_path / "best")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "model.safetensors: damaged" in refused("ask", folder, "谁？", cwd=shelf)


def test_an_existing_run_is_not_overwritten(shelf):
    before = (shelf / "runs/base/metrics.jsonl").read_bytes()
    assert "already exists. Give --resume to go on, --restart" in refused("pretrain", cwd=shelf)
    changed = refused("pretrain", "--resume", "--weight-decay", 0.7, cwd=shelf)
    assert "runs/base was begun with weight_decay 0.1; with --weight-decay 0.7 it would be another run" in changed
    assert (shelf / "runs/base/metrics.jsonl").read_bytes() == before


def test_a_block_longer_than_the_text(shelf):
    message = refused("pretrain", "--name", "long", "--block-size", 100_000, cwd=shelf)
    assert "block_size 100000 is longer than the" in message
    assert not (shelf / "runs/long/metrics.jsonl").exists()


def test_two_processes_cannot_train_one_run(shelf, tmp_path):
    copy = shutil.copytree(shelf, tmp_path / "shelf")
    program = (
        "from pathlib import Path; import time; from jianghu.files import lock\n"
        "with lock(Path('runs/base'), 'x'): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], cwd=copy, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert f"is being written by process {holder.pid}" in refused("pretrain", "--resume", cwd=copy, code=1)
    finally:
        holder.kill()
        holder.wait()


def test_a_teacher_without_key_or_out_of_reach(shelf, tmp_path):
    copy = shutil.copytree(shelf, tmp_path / "shelf")
    teacher = ("synth", "run", "--strategy", "passage", "--model", "m", "--max-passages", 2, "--retries", 0)
    before = (copy / "data/records/train.jsonl").read_bytes()
    nowhere = ("--base-url", "http://127.0.0.1:9/v1")
    assert "NO_SUCH_KEY" in refused(*teacher, *nowhere, "--key-env", "NO_SUCH_KEY", cwd=copy)
    assert "127.0.0.1:9" in refused(*teacher, *nowhere, "--key-env", "", cwd=copy, code=1)
    assert (copy / "data/records/train.jsonl").read_bytes() == before
    assert json.loads((copy / "data/records/manifest.json").read_text())["settings"]["strategies"] == ["cloze"]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk needs root on Linux")
@pytest.mark.slow  # several programs
def test_a_full_disk(shelf, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True)
    if made.returncode:
        pytest.skip("this system does not permit mounting")
    try:
        shutil.copytree(shelf / "data", disk / "data")
        shutil.copytree(shelf / "books", disk / "books")
        shutil.copy(shelf / "jianghu.toml", disk)
        flags = ["--n-embd", "128", "--n-head", "4", "--n-layer", "8"]
        result = subprocess.run(
            [sys.executable, "-m", "jianghu", "pretrain", *flags], cwd=disk, capture_output=True, text=True
        )
        assert result.returncode == 1
        assert "jianghu: " in result.stderr
        assert "the disk is full" in result.stderr
        assert "Traceback" not in result.stderr
        assert not list(disk.rglob("*.tmp-*"))
        for config in disk.glob("runs/*/checkpoints/[!.]*"):
            assert (config / "model.safetensors").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_run_that_diverged_goes_on_by_the_command_that_it_names(shelf, tmp_path):
    copy = shutil.copytree(shelf, tmp_path / "shelf")
    flags = ("--learning-rate", 1e38, "--grad-clip", 0, "--save-interval", 1, "--dtype", "float32")
    message = refused("pretrain", "--name", "wild", *flags, cwd=copy, code=1)
    assert "Training has diverged" in message
    command = shlex.split(message.partition("with a lower rate: ")[2])
    assert command[:5] == ["jianghu", "pretrain", "--name", "wild", "--resume"]
    assert command[-2] == "--learning-rate"
    assert command.count("--learning-rate") == 1
    ended = jianghu(*command[1:-1], 1e-3, cwd=copy)  # a third of an impossible rate is impossible too
    assert "goes on with other settings, as given: learning_rate 1e+38 → 0.001" in ended.stdout
    assert json.loads((copy / "runs/wild/result.json").read_text())["step"] == 40
