"""Thousands of generated requests: whatever JSON can carry gets an answer below 500, and no connection is dropped."""

import json
import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from jianghu.files import read_jsonl
from jianghu.workspace import Workspace

from .running import Running

VOTE = {
    "question": "谁？",
    "mode": "ask",
    "answers": [{"checkpoint": "chat", "text": "甲"}, {"checkpoint": "base", "text": "乙"}],
    "choice": 1,
    "settings": {"temperature": 0.8},
}
BODIES = {
    "/v1/chat/completions": {"model": "chat", "messages": [{"role": "user", "content": "谁？"}], "max_tokens": 2},
    "/v1/completions": {"model": "base", "prompt": "谁", "max_tokens": 2, "stop": ["。"], "n": 1},
    "/api/votes": VOTE,
    "/api/look": {"question": "谁？", "answer": "沈青峰"},
    "/api/open-book": {"question": "沈青峰在哪里？", "limit": 2},
}
PATHS = [
    "/v1/models/{}",
    "/api/chapter?book={}&chapter=1",
    "/api/chapter?book=青峰录&chapter={}",
    "/api/examples?turn={}",
]
PATHS += ["/page/{}", "/{}", "/v1/models", "/metrics", "/health", "/api/about", "/openapi.json"]
TEXTS = ['"\\ud800"', '"\\udfff\\ud83d"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\uffff"', '""', '"' + "龘" * 300 + '"']
TEXTS += ['"chat"', '"\\r\\nX-A: 1"', '"<script>"', '"\\\\ud800"', '"null"', '"]]>&\\u2028"']
NUMBERS = ["0", "-1", "1e400", "-1e400", "NaN", "Infinity", "1e-400", "9" * 400, "2.5", "-0.0", "1" * 5000]
OTHERS = ["null", "true", "false", "[]", "{}", "[[[[]]]]", '{"":{"":[]}}', '{"\\udc00":1}', "[null]"]


def raw(value, dice):
    """JSON of a value in which something has been put in the place of something else."""

    def odd():
        return dice.choice(dice.choice([TEXTS, NUMBERS, OTHERS]))

    def write(value, depth=0):
        if dice.random() < 0.12 and depth:
            return odd()
        if isinstance(value, dict):
            items = [
                f"{json.dumps(key)}:{write(inner, depth + 1)}" for key, inner in value.items() if dice.random() < 0.97
            ]
            if dice.random() < 0.15:
                items.append(f"{dice.choice(TEXTS)}:{odd()}")
            return "{" + ",".join(items) + "}"
        if isinstance(value, list):
            return "[" + ",".join(write(inner, depth + 1) for inner in value * dice.choice([1, 1, 1, 3])) + "]"
        return json.dumps(value)

    return write(value)


def requests(count, seed):
    dice = random.Random(seed)
    for _ in range(count):
        kind = dice.random()
        if kind < 0.15:
            text = dice.choice(
                ["%ed%a0%80", "%00", "%ff", "x" * 500, "..", "%2e%2e%2f", "-1", "999999999999", "江", "%0a", "a b"]
            )
            yield dice.choice(["GET", "HEAD", "POST", "DELETE"]), dice.choice(PATHS).format(text), b""
            continue
        route = dice.choice(list(BODIES))
        content = raw(BODIES[route], dice).encode("utf-8")
        if kind < 0.25:
            place = dice.randrange(len(content) + 1)
            content = content[:place] + bytes(dice.choices(range(256), k=dice.choice([1, 3]))) + content[place:]
        yield "POST", route, content


def send_all(server, count, seed):
    statuses = {}
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for method, path, content in requests(count, seed):
            answer = client.request(method, path, content=content, headers={"Content-Type": "application/json"})
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            assert answer.status_code < 500, (method, path, content, answer.text)
            if answer.status_code >= 400 and method != "HEAD":
                assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert client.get("/health").json()["status"] == "ok"
    return statuses


@pytest.fixture(scope="module")
def site(checkpoints, shelf, tmp_path_factory):
    root = tmp_path_factory.mktemp("generated") / "shelf"
    shutil.copytree(shelf, root, ignore=shutil.ignore_patterns("runs", "evals"))
    with Running(checkpoints, Workspace(root), max_tokens=8) as running:
        running.root = root
        yield running


def test_three_hundred_generated_requests(site, caplog):
    statuses = send_all(site, 300, 1)
    assert statuses[200] > 30
    assert statuses[400] > 30
    assert "Traceback" not in caplog.text


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_generated_requests(site):
    print(send_all(site, 10_000, 2))


@pytest.mark.parametrize("route", list(BODIES))
def test_half_a_character_is_refused_wherever_it_stands(site, route):
    for half in ('"\\ud800"', '"a\\udc00b"', '"\\ude00\\ud83d"'):
        for content in (
            f'{{"x": {half}}}',
            f"{{{half}: 1}}",
            json.dumps({**BODIES[route], "y": 0}).replace("0}", half + "}"),
        ):
            answer = httpx.post(site.url + route, content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code == 400, content
            assert "half a character" in answer.json()["error"]["message"]
    body = json.dumps({**BODIES["/v1/completions"], "prompt": "\U0001f600 \\ud800"})  # a pair, and a backslash
    assert httpx.post(
        site.url + "/v1/completions", content=body, headers={"Content-Type": "application/json"}
    ).is_success


def test_votes_hold_numbers_and_are_bounded(site, monkeypatch):
    url = site.url + "/api/votes"
    assert httpx.post(url, json=VOTE).status_code == 200
    kept = (site.root / "votes.jsonl").read_bytes()
    headers = {"Content-Type": "application/json"}
    for value in ("NaN", "Infinity", "-1e400", "1e7", '"warm"', "null"):
        content = json.dumps(VOTE).replace("0.8", value)
        assert httpx.post(url, content=content, headers=headers).status_code == 400, value
    assert httpx.post(url, json={**VOTE, "settings": {"x" * 41: 1}}).status_code == 400
    assert (site.root / "votes.jsonl").read_bytes() == kept
    monkeypatch.setattr("jianghu.serving.page_api.MAX_VOTES_BYTES", 10)
    full = httpx.post(url, json=VOTE)
    assert full.status_code == 409
    assert "votes.jsonl is full" in full.json()["error"]["message"]
    assert list(read_jsonl(site.root / "votes.jsonl"))


def test_the_first_questions_to_the_open_book_all_wait_for_its_index(checkpoints, shelf, tmp_path):
    root = tmp_path / "shelf"
    shutil.copytree(shelf, root, ignore=shutil.ignore_patterns("runs", "evals", "openbook*", ".openbook*"))
    with Running(checkpoints, Workspace(root)) as server, ThreadPoolExecutor(16) as pool:
        ask = {"question": "沈青峰在哪里？"}
        found = list(pool.map(lambda _: httpx.post(server.url + "/api/open-book", json=ask, timeout=30), range(16)))
    assert {answer.status_code for answer in found} == {200}
    assert len({answer.text for answer in found}) == 1


def test_long_prompts_hold_nobody_up(site):
    """1 MB of prompt, of turns, of things that are no prompt: others are answered meanwhile."""
    url = site.url + "/v1/chat/completions"
    turn = {"role": "user", "content": "沈" * 60_000}
    bodies = [
        {"model": "chat", "messages": [{"role": "user", "content": "<think>" * 28_000}]},
        {"model": "chat", "messages": [turn] * 2, "truncate_prompt": True, "max_tokens": 1},
        {"model": "chat", "messages": [{"role": "user", "content": "a"}] * 15_000, "max_tokens": 1},
        {"model": "chat", "messages": [{}] * 150_000},
        {"model": "chat", "messages": [{"role": "user", "content": [{}] * 150_000}]},
    ]
    worst, done = [0.0], threading.Event()

    def watch():
        with httpx.Client() as client:
            while not done.is_set():
                began = time.monotonic()
                client.get(site.url + "/health")
                worst[0] = max(worst[0], time.monotonic() - began)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        for body in bodies:
            assert httpx.post(url, json=body, timeout=60).status_code in (200, 400)
        done.set()
        watching.result()
    assert worst[0] < 0.7
