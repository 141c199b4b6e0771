import asyncio
import email.utils
import json
import socket
import time

import pytest

from jianghu.errors import InputError
from jianghu.llm.client import Client
from jianghu.llm.endpoint import endpoint_of
from jianghu.llm.pool import make_pool
from jianghu.llm.store import Body, Reply
from jianghu.recipe import TeacherSettings
from tests.llm.teacher_server import Act, TeacherServer, chat
from tests.synth.shelf import synth_settings

REQUEST: Body = {
    "messages": [{"role": "user", "content": "<passage>\n沈青峰夜入寒潭寺，柳如烟点灯相候。\n</passage>"}],
    "max_tokens": 64,
    "temperature": 0.7,
    "schema": {"type": "object"},
}
KEY = "sk-very-secret-1234"


def ask(settings: TeacherSettings) -> Reply:
    """Send the request once, with the first key of the settings."""

    async def once() -> Reply:
        account, *_ = make_pool(settings, time.monotonic).accounts
        async with Client(settings) as client:
            return await client.send(REQUEST, account.endpoint, account.keys[0])

    return asyncio.run(once())


def send(act: Act, monkeypatch: pytest.MonkeyPatch, **teacher) -> Reply:
    monkeypatch.setenv("TEACHER_KEY", KEY)
    with TeacherServer(lambda number, body: act) as server:
        return ask(synth_settings(server.url, teacher={"key_env": "TEACHER_KEY", **teacher}).teacher)


def error(code: object, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (Act(body=chat("{}")), "ok"),
        (Act(body=chat("{}", None)), "ok"),
        (Act(body=chat('{"records": [', "length")), "truncated"),
        (Act(body=chat("", "stop")), "empty"),
        (Act(body=chat("不宜回答", "sensitive")), "filtered"),
        (Act(body=chat("", "network_error")), "server_error"),
        (Act(429, error("1302", "并发数过高")), "rate_limited"),
        (Act(429, error("1113", "您的账户已欠费，请充值后重试")), "account_blocked"),
        (Act(429, error("insufficient_quota", "You exceeded your current quota")), "account_blocked"),
        (Act(402, error(None, "Insufficient Balance")), "account_blocked"),
        (Act(401, error("1002", f"Incorrect API key provided: {KEY}")), "invalid_key"),
        (Act(403, "forbidden"), "invalid_key"),
        (Act(404, error("model_not_found", "no such model")), "not_found"),
        (Act(400, error("invalid_request_error", "bad")), "bad_request"),
        (Act(400, error("1301", "系统检测到输入或生成内容可能包含敏感内容")), "filtered"),
        (Act(500, "<html><body>Internal Server Error</body></html>"), "server_error"),
        (Act(503, error(None, "overloaded")), "server_error"),
        (Act(529, ""), "server_error"),
        (Act(301, "", {"Location": "https://elsewhere.example/"}), "not_found"),
        (Act(200, "<html>请登录</html>"), "invalid"),
        (Act(200, "[]"), "invalid"),
        (Act(200, '{"code": 500, "msg": "404 NOT_FOUND", "success": false}'), "invalid"),
        (Act(200, error("1113", "余额不足")), "account_blocked"),
        (Act(200, '{"choices": [{"message": null}]}'), "invalid"),
        (Act(200, '{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}'), "empty"),
        (Act(body=chat("{}"), cut=True), "server_error"),
    ],
)
def test_each_failure_is_told_apart(act: Act, outcome: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = send(act, monkeypatch)
    assert reply.outcome == outcome
    assert reply.accepted == (outcome in ("ok", "truncated"))
    if not reply.accepted:
        assert reply.content == ""
        assert reply.detail or outcome == "empty"
    assert KEY not in repr(reply)


def test_a_good_reply_has_its_tokens_cost_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = send(Act(body=chat("好")), monkeypatch, price_in=2.0, price_out=8.0)
    assert (reply.content, reply.finish_reason) == ("好", "stop")
    assert (reply.tokens_in, reply.tokens_out) == (100, 50)
    assert reply.cost == pytest.approx(100 * 2e-6 + 50 * 8e-6)
    assert reply.seconds > 0


def test_content_in_parts_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    body = chat("")
    body["choices"][0]["message"]["content"] = [{"type": "text", "text": "甲"}, {"type": "text", "text": "乙"}]
    assert send(Act(body=body), monkeypatch).content == "甲乙"


def test_a_model_that_only_thought_says_what_to_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = send(Act(body=chat("", "length", reasoning_content="让我想想")), monkeypatch)
    assert (reply.outcome, reply.accepted) == ("truncated", False)
    assert "max_tokens" in reply.detail


def test_retry_after_in_seconds_and_as_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(Act(429, "", {"Retry-After": "7"}), monkeypatch).wait == 7
    date = email.utils.formatdate(time.time() + 3000, usegmt=True)
    assert send(Act(429, "", {"Retry-After": date}), monkeypatch).wait == pytest.approx(3000, abs=300)
    assert send(Act(429, "", {"Retry-After": "soon"}), monkeypatch).wait is None


def test_a_server_that_hangs_costs_no_more_than_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    reply = send(Act(body=chat("{}"), delay=60), monkeypatch, timeout=0.3)
    assert reply.outcome == "timeout"
    assert time.monotonic() - began < 60  # it was not waited for


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        reply = ask(synth_settings(f"http://127.0.0.1:{unused.getsockname()[1]}/v1").teacher)
    assert reply.outcome == "unreachable"


def test_the_key_goes_into_the_header_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", f"  {KEY}\n")
    with TeacherServer(lambda n, body: Act(body=chat(f"你的钥匙是 {KEY}"))) as server:
        reply = ask(synth_settings(f"{server.url}/", teacher={"key_env": "TEACHER_KEY"}).teacher)
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert KEY not in json.dumps(server.seen[0])
    assert KEY not in repr(reply)


def test_no_key_is_sent_where_none_is_wanted() -> None:
    with TeacherServer() as server:
        assert ask(synth_settings(server.url).teacher).outcome == "ok"
        assert "authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"key_env": "NO_SUCH_KEY_HERE"}, "NO_SUCH_KEY_HERE"),
        ({"base_url": ""}, "base_url"),
        ({"model": " "}, "model"),
        ({"base_url": "api.deepseek.com"}, "http"),
    ],
)
def test_missing_settings_are_named_before_anything_is_sent(change: dict, named: str) -> None:
    with pytest.raises(InputError, match=named) as caught:
        make_pool(synth_settings(teacher=change).teacher, time.monotonic)
    assert caught.value.exit_code == 2


def test_an_address_with_a_password_is_refused_without_being_shown() -> None:
    with pytest.raises(InputError, match="password") as caught:
        endpoint_of("https://user:pass@host/v1", "m")
    assert "pass@" not in str(caught.value)


def test_a_key_with_odd_characters_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", "sk-钥匙")
    with pytest.raises(InputError, match="TEACHER_KEY") as caught:
        make_pool(synth_settings(teacher={"key_env": "TEACHER_KEY"}).teacher, time.monotonic)
    assert "钥匙" not in str(caught.value)
