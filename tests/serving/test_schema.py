"""Requests that no client should send: thousands of malformed ones never get a 5xx, and the server goes on."""

import json
import shutil

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from jianghu.workspace import Workspace

from .running import Running

GOOD = {"model": "chat", "messages": [{"role": "user", "content": "谁？"}], "max_tokens": 2, "prompt": "谁"}
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("chat")
VALUE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
NAMES = [*GOOD, *("temperature", "top_p", "n", "stop", "seed", "logprobs", "top_logprobs", "stream", "echo", "top_k")]
MUTANT = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), VALUE, min_size=1, max_size=3)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]


@pytest.fixture(scope="module")
def bounded(checkpoints, shelf, tmp_path_factory):
    """A server whose every answer is short, in a workspace of its own that votes may change."""
    root = tmp_path_factory.mktemp("schema") / "shelf"
    shutil.copytree(shelf, root, ignore=shutil.ignore_patterns("runs", "evals"))
    with Running(checkpoints, Workspace(root), max_tokens=8) as running:
        yield running


def throw(server, examples):
    """Malformed bodies at both routes: JSON of the wrong kind, and bytes that are no JSON."""

    with httpx.Client(base_url=server.url, timeout=60) as client:

        @settings(max_examples=examples, deadline=None, suppress_health_check=QUIET)
        @given(st.sampled_from(["chat/completions", "completions"]), MUTANT, st.binary(max_size=40), st.booleans())
        def one(route, mutant, noise, whole):
            content = json.dumps({**GOOD, **mutant}).encode() if whole else noise
            answer = client.post(f"/v1/{route}", content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400:
                assert set(answer.json()["error"]) == {"message", "type", "param", "code"}

        one()
        assert client.post("/v1/chat/completions", json=GOOD).status_code == 200


def by_schema(server, examples):
    """Requests that schemathesis makes from our own OpenAPI, right and wrong ones."""
    schema = schemathesis.openapi.from_url(server.url + "/openapi.json")

    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=examples, deadline=None, suppress_health_check=QUIET)
        @given(case=operation.as_strategy() | operation.as_strategy(schemathesis.GenerationMode.NEGATIVE))
        def one(case):
            case.call_and_validate(checks=[not_a_server_error], timeout=60)

        one()
    assert httpx.get(server.url + "/health").json()["status"] == "ok"


def test_malformed_requests(bounded):
    throw(bounded, 60)


def test_requests_made_from_our_own_schema(bounded):
    by_schema(bounded, 5)


@pytest.mark.slow
def test_a_thousand_malformed_requests(bounded):
    throw(bounded, 1000)


@pytest.mark.slow
def test_a_thousand_requests_made_from_our_own_schema(bounded):
    by_schema(bounded, 100)
