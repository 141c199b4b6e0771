"""`push`: a real upload over HTTP to a server with the Hub's routes, by a process of its own."""

import os
import subprocess
import sys

import pytest

from jianghu.model import load_checkpoint

from .hub import TOKEN, Hub


def push(cwd, *arguments, **environment):
    """Run `jianghu push`; large files go by LFS, since the Hub's newer storage cannot be stood in for."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-m", "jianghu", "push", *arguments],
        cwd=cwd,
        env={**base, "HF_HOME": str(cwd / "no-home"), "HF_HUB_DISABLE_XET": "1", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


# Two starts of the program, since huggingface_hub reads its environment once: about five seconds.
@pytest.mark.slow  # loads transformers in two programs; test_modelscope.py sends the same files
def test_everything_arrives_in_one_commit_and_loads_again(shelf, tmp_path):
    with Hub() as hub:
        ended = push(shelf, "chat", "me/novel", "--gguf", "q8_0", HF_ENDPOINT=hub.address, HF_TOKEN=TOKEN)
        assert ended.returncode == 0, ended.stderr
        assert f"{hub.address}/me/novel" in ended.stdout
        repository = hub.repositories["me/novel"]
        again = push(shelf, "chat", "me/novel", "--public", HF_ENDPOINT=hub.address, HF_TOKEN=TOKEN)
        assert again.returncode == 0, again.stderr
    assert repository["private"]  # made so, and left so
    assert repository["commits"] == ["best, by jianghu"] * 2
    folder = shelf / "runs" / "chat" / "checkpoints" / "best"
    sent = repository["files"]
    assert set(sent) == {*os.listdir(folder), "README.md", "chat-best-Q8_0.gguf"}
    assert sent["chat-best-Q8_0.gguf"] == (shelf / "exports" / "chat-best-Q8_0.gguf").read_bytes()
    (tmp_path / "there").mkdir()
    for name, data in sent.items():
        (tmp_path / "there" / name).write_bytes(data)
    assert load_checkpoint(tmp_path / "there").about["run"] == "chat"


@pytest.mark.parametrize(
    ("name", "token", "code", "said"),
    [
        ("me/novel", "hf_wrong", 1, "the Hub refused"),
        pytest.param("me/novel", None, 2, "no token for the Hub", marks=pytest.mark.slow),
        pytest.param("me/no vel!", TOKEN, 2, "not a repository's name", marks=pytest.mark.slow),
    ],
)
def test_a_refusal_is_one_line_with_the_fix(shelf, name, token, code, said):
    with Hub() as hub:
        tokens = {} if token is None else {"HF_TOKEN": token}
        ended = push(shelf, "chat", name, HF_ENDPOINT=hub.address, **tokens)
    assert (ended.returncode, hub.repositories) == (code, {})
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.slow
def test_an_upload_that_breaks_off_leaves_no_commit(shelf):
    with Hub() as hub:
        hub.broken = True
        ended = push(shelf, "base", "me/novel", HF_ENDPOINT=hub.address, HF_TOKEN=TOKEN)
    assert ended.returncode == 1
    assert "jianghu: me/novel: the upload failed" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert hub.repositories["me/novel"]["commits"] == []


@pytest.mark.slow
def test_a_hub_out_of_reach_is_said_in_one_line(shelf):
    with Hub() as hub:
        pass  # the port is free again, and nobody listens
    ended = push(shelf, "chat", "me/novel", HF_ENDPOINT=hub.address, HF_TOKEN=TOKEN)
    assert ended.returncode == 1
    assert "the upload failed" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
