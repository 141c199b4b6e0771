"""`push --to modelscope`: a real upload by ModelScope's client to a server with its routes, by a process of its own."""

import os
import subprocess
import sys

import pytest
from huggingface_hub import ModelCard

from jianghu.model import load_checkpoint

from .modelscope_hub_server import TOKEN, ModelScope

pytest.importorskip("modelscope_hub")


def push(shelf, home, *arguments, token=TOKEN, endpoint=""):
    base = {name: value for name, value in os.environ.items() if not name.startswith("MODELSCOPE_")}
    own = {"MODELSCOPE_HOME": str(home), "MODELSCOPE_CACHE": str(home / "cache"), "MODELSCOPE_ENDPOINT": endpoint}
    return subprocess.run(
        [sys.executable, "-m", "jianghu", "push", *arguments, "--to", "modelscope"],
        cwd=shelf,
        env={**base, **own, **({"MODELSCOPE_API_TOKEN": token} if token else {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_everything_arrives_and_loads_again(shelf, tmp_path):
    with ModelScope() as hub:
        ended = push(shelf, tmp_path, "chat", "me/novel", "--gguf", "q8_0", endpoint=hub.address)
    assert ended.returncode == 0, ended.stderr
    assert f"{hub.address}/models/me/novel" in ended.stdout
    repository = hub.repositories["me/novel"]
    assert [message.startswith("best, by jianghu") for message in repository["commits"]] == [True]
    assert (repository["about"]["Visibility"], repository["about"]["License"]) == (1, "Other")  # private, none claimed
    folder, sent = shelf / "runs" / "chat" / "checkpoints" / "best", repository["files"]
    assert set(sent) == {*os.listdir(folder), "README.md", "chat-best-Q8_0.gguf"}
    assert "modelscope download me/novel" in ModelCard(sent["README.md"].decode()).text
    (tmp_path / "there").mkdir()
    for name, data in sent.items():
        (tmp_path / "there" / name).write_bytes(data)
    assert load_checkpoint(tmp_path / "there").about["run"] == "chat"
    assert not any(path.name.startswith("jianghu-") for path in tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "token", "code", "said"),
    [
        ("me/novel", "ms-wrong", 1, "ModelScope refused"),
        ("me/novel", "", 2, "no token for ModelScope"),
        ("novel", TOKEN, 2, "not a repository's name"),
    ],
)
def test_a_refusal_is_one_line_with_the_fix(shelf, tmp_path, name, token, code, said):
    with ModelScope() as hub:
        ended = push(shelf, tmp_path, "chat", name, token=token, endpoint=hub.address)
    assert (ended.returncode, hub.repositories) == (code, {})
    assert said in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_modelscope_out_of_reach_is_said_in_one_line(shelf, tmp_path):
    with ModelScope() as hub:
        pass  # the port is free again, and nobody listens
    ended = push(shelf, tmp_path, "chat", "me/novel", endpoint=hub.address)
    assert ended.returncode == 1
    assert "could not be reached" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
