"""Requests with odd settings beside a dozen running streams: each is answered or refused, and no stream shows it."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ..conftest import jianghu
from .running import Running

ODD = {
    "temperature": [0, 5e-324, 1e-38, 9e-5, 2, 2.1, -1e-9, 1e400, True],
    "top_k": [-2, -1, 0, 1, 599, 5000, 2**31 - 1, 2**63, 1.5],
    "top_p": [0, 5e-324, 1e-300, 0.5, 1, 1.5, "1"],
    "min_p": [0, 1e-320, 0.5, 1, -1],
    "repetition_penalty": [0, 1e-45, 1e-3, 0.01, 10, 1e38],
    "presence_penalty": [-2, 2, 3],
    "frequency_penalty": [-2, 2, 1e300],
    "stop": ["", "。", ["\n"] * 4, ["x"] * 5000, ["龘" * 256], ["a" * 300], [""], ["\u0000"]],
    "n": [1, 3, 5, 17, 0],
    "logprobs": [0, 20, 21, -1],
    "seed": [-1, 2**64, 0, -(2**63)],
    "max_tokens": [1, 3, 0, 10**9],
    "prompt": ["", "沈" * 31, "沈" * 3000, [0], [599], [600], [0] * 31, [0] * 32, ["沈", "青" * 100], [[1], []], []],
    "echo": [True, False],
    "ignore_eos": [True, None],
    "truncate_prompt": [True, None],
    "stream": [True, False],
}


def odd_requests(count, seed):
    dice = random.Random(seed)
    for _ in range(count):
        names = dice.sample(list(ODD), dice.choice([1, 1, 2, 3, 6]))
        yield {"model": "base", "prompt": "沈青峰", "max_tokens": 3, **{name: dice.choice(ODD[name]) for name in names}}


def beside_streams(server, requests):
    """Send odd requests while twelve streams are written again and again; the streams' texts do not change."""
    bodies = [
        {
            "model": "base",
            "prompt": "沈青峰柳如烟"[n % 6 :],
            "max_tokens": 60,
            "temperature": (n % 3) / 2,
            "seed": n,
            "stream": True,
            "ignore_eos": True,
        }
        for n in range(12)
    ]

    def text(body):
        with httpx.stream("POST", server.url + "/v1/completions", json=body, timeout=60) as response:
            lines = [line for line in response.iter_lines() if line]
        assert lines[-1] == "data: [DONE]"
        return "".join(json.loads(line[6:])["choices"][0]["text"] for line in lines[:-1])

    def send(body):
        content = json.dumps(body).replace("Infinity", "1e400")
        headers = {"Content-Type": "application/json"}
        return httpx.post(server.url + "/v1/completions", content=content, headers=headers, timeout=60)

    alone = [text(body) for body in bodies]
    statuses, left = {}, list(requests)
    with ThreadPoolExecutor(13) as pool:
        while left:
            streams = [pool.submit(text, body) for body in bodies]
            while left and not all(stream.done() for stream in streams):
                body = left.pop()
                answer = send(body)
                assert answer.status_code == 200 or 400 <= answer.status_code < 500, (body, answer.text)
                if answer.status_code == 200 and body.get("stream"):
                    assert '"error"' not in answer.text, body
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            assert [stream.result() for stream in streams] == alone
    health = httpx.get(server.url + "/health").json()
    assert health["status"] == "ok"
    assert statuses[200] > len(requests) // 20, statuses
    assert statuses[400] > len(requests) // 20, statuses


def test_odd_requests_beside_a_dozen_streams(checkpoints):
    with Running(checkpoints, batch=16) as server:
        beside_streams(server, list(odd_requests(40, 1)))


@pytest.mark.slow
def test_a_thousand_odd_requests_beside_a_dozen_streams(checkpoints):
    with Running(checkpoints, batch=16) as server:
        beside_streams(server, list(odd_requests(1000, 2)))


def test_a_text_that_fails_ends_no_other(checkpoints, monkeypatch, caplog):
    """The detokenizer of one request breaks; a dozen others are written beside it."""
    from jianghu.generation import Detokenizer

    push = Detokenizer.push

    def breaks(writer, id):
        if "break" in writer._stops:
            raise ValueError("broken text")
        return push(writer, id)

    monkeypatch.setattr(Detokenizer, "push", breaks)
    asked = {"model": "base", "prompt": "沈青峰", "max_tokens": 60, "temperature": 0}
    with Running(checkpoints, batch=4) as server, ThreadPoolExecutor(13) as pool:
        url = server.url + "/v1/completions"
        good = [pool.submit(httpx.post, url, json=asked, timeout=60) for _ in range(12)]
        bad = httpx.post(url, json={**asked, "stop": ["break"], "n": 3}, timeout=60)
        assert bad.status_code == 500
        assert len({future.result().json()["choices"][0]["text"] for future in good}) == 1
        server.until_idle("base")
    assert "cannot go on" in caplog.text
    assert "broken text" in caplog.text


@pytest.mark.parametrize(
    ("flags", "says"),
    [(["--top-k", "5000"], None), (["--temperature", "1e-38"], None), (["--repetition-penalty", "1e-45"], "0.01")],
)
def test_odd_settings_on_the_command_line(shelf, flags, says):
    ended = jianghu("sample", "base", "--max-new-tokens", "4", *flags, cwd=shelf, check=False)
    assert ended.returncode == (2 if says else 0), ended.stderr
    if says:
        assert says in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
