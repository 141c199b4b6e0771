"""The studio's server: who is let in, what may be started, what pages are told."""

import json
from collections.abc import Iterator

import httpx
import pytest

from jianghu.errors import InputError
from jianghu.studio.commands import words_of
from jianghu.workspace import Workspace

from .running import Site, new_workspace, until


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return new_workspace(tmp_path_factory.mktemp("studio") / "shelf")


@pytest.fixture(scope="module")
def site(workspace: Workspace) -> Iterator[Site]:
    with Site(workspace) as site:
        yield site


def test_only_the_page_itself_changes_anything(site: Site):
    body = {"command": "report"}
    address = site.url + "/studio/jobs"
    token = {"X-Studio-Token": site.app.state.token}
    assert httpx.post(address, json=body).status_code == 403
    assert httpx.post(address, json=body, headers={"X-Studio-Token": "guess"}).status_code == 403
    assert httpx.post(address, json=body, headers={**token, "Origin": "http://evil.example"}).status_code == 403
    assert httpx.post(address, json=body, headers={**token, "Host": "evil.example"}).status_code == 403
    assert httpx.delete(address, headers={"Origin": "null"}).status_code == 403
    assert site.get("/jobs") == {"jobs": []}


def test_beyond_this_machine_only_with_the_key(workspace: Workspace):
    with Site(workspace, key="kept secret") as site:
        assert httpx.get(site.url + "/studio/jobs").status_code == 401
        assert site.client.get("/events").status_code == 401
        assert httpx.get(site.url + "/studio/jobs", headers={"Authorization": "Bearer kept secret"}).status_code == 200


def test_a_job_is_started_seen_and_told_of(site: Site):
    heard = site.events()
    assert next(heard) == ("hello", {})
    job = site.post("/jobs", {"command": "sft", "options": {"name": "x"}})
    assert job["words"] == ["sft", "--name=x"]
    told = [next(heard)]
    while not (told[-1][0] == "job" and told[-1][1]["state"] != "running"):
        told.append(next(heard))
    assert told[-1][1]["id"] == job["id"]
    assert told[-1][1]["state"] == "failed"
    assert any(kind == "log" and data["job"] == job["id"] and data["lines"] for kind, data in told)
    assert site.get(f"/jobs/{job['id']}/log")["lines"]
    heard.close()


def test_refusals_are_in_the_language_of_the_page(site: Site):
    for headers, words in (({"Accept-Language": "zh-CN"}, "没有这个任务"), ({}, "no such job")):
        reply = site.client.get("/jobs/nothing/log", headers=headers)
        assert reply.status_code == 400
        assert words in reply.json()["error"]["message"]


def test_options_become_words_without_a_shell(workspace: Workspace):
    words, holds = words_of(workspace, "pretrain", {"max_iters": 50, "name": "二", "restart": True, "qk_norm": None})
    assert words == ["pretrain", "--max-iters=50", "--name=二", "--restart"]
    assert holds == "runs/二"
    assert words_of(workspace, "eval", {"checkpoints": ["chat/best", "base"], "batch_size": 4})[0] == [
        "eval", "chat/best", "base", "--batch-size=4",
    ]  # fmt: skip
    assert words_of(workspace, "run", {"pretrain.max_iters": 9000})[0] == ["run", "--pretrain.max-iters=9000"]
    assert words_of(workspace, "sweep", {"study": "learning_rate", "scale": "cpu"})[0][:2] == ["sweep", "learning_rate"]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("rm", {}),
        ("demo", {}),
        ("pretrain", {"name": "../x"}),
        ("pretrain", {"name": "--help"}),
        ("pretrain", {"max_iters": "50; rm -rf /"}),
        ("pretrain", {"max_iters": -1}),
        ("pretrain", {"no_such": 1}),
        ("pretrain", {"model": {"size": "mini"}}),
        ("eval", {}),
        ("eval", {"checkpoints": ["-C", "/"]}),
        ("eval", {"checkpoints": ["/etc/passwd"]}),
        ("eval", {"checkpoints": ["chat"], "exam": "../../etc/passwd"}),
        ("eval", {"checkpoints": "chat", "exam": "/etc/passwd"}),
        ("sweep", {"study": "/tmp/mine.toml"}),
        ("synth", {"strategy": ["no_such"]}),
        ("synth", {"limit": True}),
        ("report", {"with_model": "a/b/c"}),
    ],
)
def test_what_is_not_started(workspace: Workspace, command: str, options: dict[str, object]):
    with pytest.raises(InputError):
        words_of(workspace, command, options)


def test_a_page_that_does_not_listen_is_let_go(site: Site):
    from jianghu.studio.events import WAITING

    events = site.app.state.events
    heard = site.events()
    next(heard)
    for number in range(WAITING * 40):
        events.publish("noise", {"number": number, "long": "x" * 200})
    until(lambda: not events._pages, 30)
    assert all(json.dumps(data) for _, data in heard)  # and its stream ends
