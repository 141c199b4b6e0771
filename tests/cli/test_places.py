"""Places that refuse: a workspace that may only be read, a folder whose name is not UTF-8, names far too long. Every
command works or says one line."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from jianghu.cli.app import app

from ..conftest import jianghu

LONG = "很" * 300
COMMANDS: dict[str, list[str]] = {
    "init": ["neu"],
    "books add": ["books/青峰录.txt"],
    "books check": [],
    "books list": [],
    "books rename": ["青峰录", "别录"],
    "books remove": ["青峰录"],
    "plan": [],
    "prepare": [],
    "reader": [],
    "pretrain": ["--name", "other"],
    "sft": ["--name", "other"],
    "dpo": ["--name", "other"],
    "sample": ["base"],
    "ask": ["chat", "谁？"],
    "chat": ["chat"],
    "eval": ["chat"],
    "compare": ["chat", "base"],
    "judge": ["chat"],
    "sweep": ["study.toml"],
    "report": [],
    "export": ["chat"],
    "push": ["chat", "me/model"],
    "log": ["base", "--to", "wandb"],
    "run": [],
    "status": [],
    "synth run": [],
    "synth apply": [],
    "synth check": [],
    "synth status": [],
    "synth coverage": [],
    "synth preview": [],
    "synth prompts": [],
    "synth judge": [],
    "synth teachers": [],
    "synth export": ["out"],
    "synth import": ["in.jsonl"],
}
"""What each command is given here; `serve`, `studio` and `demo` have tests of their own."""
WORKS_READ_ONLY = {
    "books check", "books list", "plan", "sample", "ask", "chat", "status", "synth status",
}  # fmt: skip


def names(program, prefix=""):
    """Every command of the program, by its whole name."""
    for name in program:
        if name.startswith("-"):
            continue
        inner = program[name]
        below = list(names(inner, f"{prefix}{name} "))
        yield from below or [f"{prefix}{name}"]


def test_the_table_holds_every_command():
    assert set(names(app)) - {"serve", "studio", "demo"} == set(COMMANDS)


def one_line(ended, codes=(1, 2)):
    assert ended.returncode in codes, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    if ended.returncode:
        print(ended.stderr)
        said = [line for line in ended.stderr.splitlines() if line.startswith("jianghu: ")]
        assert len(said) == 1, ended.stderr
        assert len(said[0]) < 700


class CapabilityHeader(ctypes.Structure):
    """Of capset(2)."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilitySets(ctypes.Structure):
    """Of capset(2), for 32 capabilities."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


MAY_PASS_OVER_MODES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: by these root reads and writes what a file's mode forbids."""


@contextlib.contextmanager
def bound_by_modes():
    """While open, files' modes bind this thread even if it is root's."""
    if sys.platform != "linux" or os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = CapabilityHeader(0x20080522, 0), (CapabilitySets * 2)()
    assert libc.capget(ctypes.byref(header), sets) == 0
    before = sets[0].effective
    sets[0].effective = before & ~sum(1 << number for number in MAY_PASS_OVER_MODES)
    assert libc.capset(ctypes.byref(header), sets) == 0
    try:
        yield
    finally:
        sets[0].effective = before
        assert libc.capset(ctypes.byref(header), sets) == 0


def bind_child_by_modes():
    """For a child process before it starts the program: root's children would have those rights again."""
    for number in MAY_PASS_OVER_MODES:
        ctypes.CDLL(None).prctl(24, number, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.fixture(scope="module")
def read_only(shelf, tmp_path_factory):
    """A copy of the shelf in which nothing may be written."""
    root = tmp_path_factory.mktemp("read-only")
    shutil.copytree(shelf, root / "shelf")
    paths = [root, *root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield root / "shelf"
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such bits there")
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_workspace_that_may_only_be_read(read_only, command, monkeypatch):
    monkeypatch.setattr("jianghu.training.estimate.MEASURE_SECONDS", 0.1)
    with bound_by_modes():
        ended = jianghu(*command.split(), *COMMANDS[command], cwd=read_only, check=False)
    one_line(ended, (0, 1, 2))
    if command in WORKS_READ_ONLY:
        assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="names there are not bytes")
@pytest.mark.parametrize("command", [*sorted(COMMANDS), "serve", "demo"])
def test_a_folder_whose_name_is_not_utf8(tmp_path, command):
    folder = os.fsencode(tmp_path) + b"/\xb9\xfa"
    os.mkdir(folder)
    ended = jianghu(*command.split(), *COMMANDS.get(command, []), cwd=os.fsdecode(folder), check=False)
    one_line(ended, (2,))
    assert "not UTF-8" in ended.stderr
    assert os.listdir(folder) == []


@pytest.mark.skipif(sys.platform != "linux", reason="names there are not bytes")
@pytest.mark.parametrize("command", [*sorted(COMMANDS), "serve", "demo"])
def test_an_argument_that_is_not_utf8(ws, command):
    one_line(jianghu(*command.split(), os.fsdecode(b"\xb9\xfa"), cwd=ws, check=False), (2,))
    one_line(jianghu("-C", os.fsdecode(b"\xb9\xfa"), *command.split(), cwd=ws, check=False), (2,))


@pytest.fixture(scope="module")
def ws(shelf, tmp_path_factory):
    """A shelf of its own that commands may write to."""
    return shutil.copytree(shelf, tmp_path_factory.mktemp("places") / "shelf")


TOO_LONG: dict[str, list[list[str]]] = {
    "init": [[LONG], [f"{LONG}/{LONG}"]],
    "books add": [[LONG], [f"{LONG}.txt"]],
    "books rename": [[LONG, "雪"]],
    "books remove": [[LONG]],
    "pretrain": [["--name", LONG], ["--name", "a" * 300], ["--name", "很" * 60], ["--device", LONG]],
    "sft": [["--name", LONG], ["--from", LONG], ["--from", f"base/{LONG}"]],
    "sample": [[LONG], [f"base/{LONG}"], [f"./{LONG}"]],
    "ask": [[LONG, "谁？"]],
    "chat": [[LONG]],
    "eval": [[LONG], ["chat", "--exam", LONG], ["chat", "--exam", f"{LONG}.jsonl"]],
    "compare": [[LONG, "base"]],
    "judge": [[LONG]],
    "sweep": [[LONG], [f"{LONG}.toml"]],
    "report": [["--out", f"{LONG}.html"]],
    "export": [[LONG], ["chat", "--out", f"{LONG}.gguf"]],
    "push": [[LONG, "me/model"]],
    "serve": [[LONG]],
    "synth export": [[LONG]],
    "synth import": [[LONG], [f"{LONG}.jsonl"]],
}


@pytest.mark.parametrize("command", sorted(TOO_LONG))
def test_a_name_of_three_hundred_letters(ws, command):
    before = sorted(ws.rglob("*"))
    for arguments in TOO_LONG[command]:
        one_line(jianghu(*command.split(), *arguments, cwd=ws, check=False))
    one_line(jianghu("-C", LONG, *command.split(), *TOO_LONG[command][0], cwd=ws, check=False))
    assert [path for path in sorted(ws.rglob("*")) if path not in before and "很" in path.name] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the rights of a child are taken away as Linux does")
def test_serve_on_a_workspace_that_may_only_be_read(read_only):
    process = subprocess.Popen(
        [sys.executable, "-m", "jianghu", "serve", "chat", "--port", "0"],
        cwd=read_only, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=bind_child_by_modes,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )  # fmt: skip
    try:
        address = ""
        for line in process.stdout:
            if "/v1" in line:
                address = next(word for word in line.split() if word.endswith("/v1"))
                break
        body = {"model": "chat", "messages": [{"role": "user", "content": "谁？"}], "max_tokens": 4}
        reply = httpx.post(f"{address}/chat/completions", json=body, timeout=60)
        assert reply.status_code == 200, reply.text
        assert httpx.get(address.removesuffix("/v1")).status_code == 200
    finally:
        process.terminate()
        process.wait(30)
