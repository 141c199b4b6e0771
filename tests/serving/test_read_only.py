"""A shelf in which nothing may be written: the server and `status` work, and what cannot be kept says so."""

import ctypes
import os
import shutil
import sys
import threading

import httpx
import pytest

from jianghu.model import load_checkpoint
from jianghu.workspace import Workspace

from ..conftest import jianghu
from .running import Running
from .test_generated import VOTE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


def obey_permissions():
    """Let this thread, and those that it starts, be stopped by permissions although the user may be root."""
    if os.geteuid() == 0:
        if sys.platform != "linux":
            pytest.skip("root may write everywhere")
        libc = ctypes.CDLL(None)
        head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()  # version 3, this thread
        assert libc.capget(head, sets) == 0
        sets[0] &= ~0b110  # of what is in effect: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
        assert libc.capset(head, sets) == 0


def obeying(work):
    """Run something in a thread that permissions stop; its result."""
    found = []

    def run():
        obey_permissions()
        found.append(work())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture(scope="module")
def sealed(shelf, tmp_path_factory):
    root = tmp_path_factory.mktemp("sealed") / "shelf"
    shutil.copytree(shelf, root, ignore=shutil.ignore_patterns("openbook*", ".openbook*", "*.lock", "*.owner"))
    paths = [root, *root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield root
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_the_server_works_and_says_what_it_cannot_keep(sealed):
    def use():
        ws = Workspace(sealed)
        served = {name: load_checkpoint(ws.checkpoint(name)) for name in ("chat", "base")}
        with Running(served, ws) as server, httpx.Client(base_url=server.url, timeout=30) as client:
            body = {"model": "chat", "messages": [{"role": "user", "content": "沈青峰是谁？"}], "max_tokens": 3}
            assert client.post("/v1/chat/completions", json=body).status_code == 200
            assert client.get("/api/examples").json()["books"] == ["青峰录"]
            for _ in range(2):
                found = client.post("/api/open-book", json={"question": "沈青峰在哪里？"})
                assert found.status_code == 200, found.text
                assert found.json()["passages"]
            return client.post("/api/votes", json=VOTE)

    vote = obeying(use)
    assert vote.status_code == 403
    assert "does not allow it: 'votes.jsonl' Permission denied" in vote.json()["error"]["message"]
    assert not (sealed / "votes.jsonl").exists()
    assert not list(sealed.rglob("*openbook*"))


def test_status_works(sealed):
    ended = obeying(lambda: jianghu("status", "--json", cwd=sealed, check=False))
    assert ended.returncode == 0, ended.stderr
    assert "chat/last" in ended.stdout
