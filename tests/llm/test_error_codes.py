"""Every code of every provider means one thing, and the same status means many."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.llm.error_codes import TABLES, outcome_of, provider_of


def told(status: int, code: str, words: str = "", provider: str = "") -> str:
    return outcome_of(status, json.dumps({"error": {"code": code, "message": words}}), provider)[0]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("1302", "rate_limited"),
        ("1113", "account_blocked"),
        ("1304", "quota_exhausted"),
        ("1305", "server_error"),
        ("1301", "filtered"),
        ("1261", "too_long"),
        ("1211", "not_found"),
        ("1002", "invalid_key"),
        ("1210", "bad_request"),
    ],
)
def test_one_status_of_zhipu_has_many_meanings(code: str, outcome: str) -> None:
    assert told(429, code) == told(429, code, provider="zhipu") == told(200, code) == outcome


def test_one_code_of_two_providers_has_two_meanings() -> None:
    assert told(429, "insufficient_quota", "You exceeded your current quota", "openai") == "account_blocked"
    assert told(429, "insufficient_quota", "You exceeded your current quota", "qwen") == "rate_limited"
    assert told(429, "Throttling.AllocationQuota", "Allocated quota exceeded", "qwen") == "rate_limited"
    assert told(403, "Throttling.AllocationQuota", "Free allocated quota exceeded.", "qwen") == "account_blocked"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (402, {"error": {"message": "Insufficient Balance", "code": "invalid_request_error"}}, "account_blocked"),
        (400, {"code": "Arrearage", "message": "Access denied"}, "account_blocked"),
        (400, {"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error"}}, "too_long"),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "server_error"),
        (400, {"object": "error", "message": "maximum context length is 4096", "code": 400}, "too_long"),
        (404, {"error": {"message": 'model "x" not found, try pulling it first'}}, "not_found"),
        (422, {"error": {"message": "Invalid Parameters"}}, "bad_request"),
    ],
)
def test_deepseek_qwen_llama_vllm_and_ollama(status: int, body: dict, outcome: str) -> None:
    assert outcome_of(status, json.dumps(body))[0] == outcome


def test_the_time_of_a_quota_is_read() -> None:
    at = datetime.now(timezone(timedelta(hours=8))) + timedelta(hours=2)
    words = f"已达到使用上限。您的限额将在 {at:%Y-%m-%d %H:%M:%S} 重置"
    outcome, wait = outcome_of(429, json.dumps({"error": {"code": "1308", "message": words}}))
    assert outcome == "quota_exhausted"
    assert wait == pytest.approx(7200, abs=300)
    assert outcome_of(429, json.dumps({"error": {"code": "1304"}})) == ("quota_exhausted", 3600.0)
    assert outcome_of(429, "", "", {"retry-after": "7"}) == ("rate_limited", 7.0)


@pytest.mark.parametrize(
    ("host", "provider"),
    [("open.bigmodel.cn", "zhipu"), ("api.deepseek.com", "deepseek"), ("notdeepseek.com", ""), ("127.0.0.1", "")],
)
def test_providers_are_known_by_their_hosts(host: str, provider: str) -> None:
    assert provider_of(host) == provider


@given(st.integers(100, 599), st.text() | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps))
def test_whatever_a_server_says_has_a_meaning(status: int, text: str) -> None:
    began = time.thread_time()
    outcome, wait = outcome_of(status, text, "qwen", {"retry-after": text})
    assert outcome not in ("ok", "truncated", "empty")
    assert wait is None or wait >= 0
    assert time.thread_time() - began < 1


def test_the_tables_hold_codes_as_they_are_looked_up() -> None:
    assert all(code == code.lower() for table in TABLES.values() for code in table)
