"""Replies that are built to harm: numbers that are none, bytes without end, keys sent back, text that cannot be."""

import base64
import gzip
import itertools
import json
import time
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.llm import body as bodies
from jianghu.llm.json_replies import parse_reply
from jianghu.llm.scrub import Scrubber
from jianghu.llm.store import Store
from jianghu.llm.thoughts import without_thoughts
from jianghu.llm.usage import MAX_TOKENS, count_of
from tests.llm.plain import run_plain
from tests.llm.teacher_server import Act, TeacherServer, chat, events, good, items_for
from tests.llm.test_client import KEY, ask, send
from tests.synth.shelf import chapters, run_passages, synth_settings

pytestmark = pytest.mark.usefixtures("quick")


def counted(prompt: str, said: str) -> Act:
    """A good answer with these numbers, as JSON, in its usage."""
    text = json.dumps(chat("孟德。"))
    return Act(body=text.replace("100", prompt).replace(": 50", f": {said}"))


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "-2000", "9223372036854775808", "1e300", "1e400", "1.5", '"7"', "null", "[]"],
)
def test_a_count_that_is_none_is_estimated_and_said_so(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for act in (counted(number, "50"), counted("100", number)):
        reply = send(act, monkeypatch, price_in=1e6, price_out=1e6)
        assert (reply.outcome, reply.content) == ("ok", "孟德。")
        assert reply.tokens_in is not None
        assert reply.tokens_out is not None
        assert 0 < reply.tokens_in < 100
        assert 0 < reply.tokens_out < 10
        assert reply.cost == reply.tokens_in + reply.tokens_out
        assert "estimated" in reply.detail


@given(st.one_of(st.integers(), st.floats(), st.none(), st.booleans(), st.text(max_size=3)))
def test_a_count_is_a_whole_number_in_bounds(value: object) -> None:
    count = count_of(value)
    assert count is None or (isinstance(count, int) and 0 <= count <= MAX_TOKENS and count == value)


def test_a_run_whose_teacher_lies_about_tokens_goes_on_and_stores_what_can_be_stored(store: Store) -> None:
    numbers = ["NaN", "1e400", "-5", "9223372036854775808"]

    def behave(number: int, body: dict) -> Act:
        text = json.dumps(good(number, body).body)
        return Act(body=text.replace("100", numbers[number % 4], 1) if '"prompt_tokens": 100' in text else text)

    with TeacherServer(behave) as server:
        summary = run_plain(chapters(), store, synth_settings(server.url, max_passages=8))
    assert summary.done == 8
    assert store.spent()[0] > 0


def endless(piece: bytes):
    return itertools.repeat(piece)


HUGE = json.dumps(chat("长" * 4_000_000)).encode()  # 24 MB, escaped


@pytest.mark.parametrize(
    ("act", "most"),
    [
        (Act(pieces=(HUGE[at : at + 60_000] for at in range(0, len(HUGE), 60_000))), 12 << 20),
        (Act(pieces=endless(b"a" * 60_000)), 12 << 20),
        (Act(pieces=endless(b" " * 60_000)), 90 << 20),
        (Act(pieces=endless(b": keep-alive" * 5_000)), 12 << 20),
        (Act(pieces=itertools.chain([b"data: "], endless(b"a" * 60_000))), 12 << 20),
        (Act(pieces=itertools.chain([b'data: {"choices": []}\n'], endless(b"data: 1\n\n" * 6_000))), 12 << 20),
        (Act(500, pieces=endless(b"a" * 60_000)), 4 << 20),
        (Act(body=gzip.compress(b"a" * (64 << 20)), headers={"Content-Encoding": "gzip"}), 0),
        (Act(body=gzip.compress(gzip.compress(b"a" * (12 << 20))), headers={"Content-Encoding": "gzip, gzip"}), 0),
    ],
    ids=["long", "endless", "blank", "comment", "line", "events", "error", "bomb", "two layers"],
)
def test_no_more_is_read_than_an_answer_may_have(act: Act, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", KEY)
    with TeacherServer(lambda number, body: act) as server:
        reply = ask(synth_settings(server.url, teacher={"key_env": "TEACHER_KEY"}).teacher)
        assert server.sent <= most  # what the system's buffers take is sent, but not read
    assert reply.outcome in ("invalid", "server_error")
    assert not reply.accepted
    assert reply.detail


def test_a_drip_of_bytes_ends_with_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    for pieces in (endless(b" "), endless(b": keep-alive\n\n"), endless(b'data: {"choices": [{"delta": {}}]}\n\n')):
        began = time.monotonic()
        reply = send(Act(pieces=pieces, pause=0.02), monkeypatch, timeout=0.4)
        assert reply.outcome == "timeout"
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "act",
    [
        Act(body=b"\n\n\n\n" + json.dumps(chat("孟德。")).encode()),
        Act(body=b": keep-alive\n\n: keep-alive\n\n" + json.dumps(chat("孟德。")).encode()),
        Act(body=b"\xef\xbb\xbf" + json.dumps(chat("孟德。")).encode()),
        Act(pieces=events("孟", "德", "。")),
        Act(pieces=itertools.chain([b": keep-alive\n\n", b"\n"], events("孟", "德。"))),
        Act(pieces=[b"event: message\r\nid: 1\r\n" + piece.replace(b"\n", b"\r\n") for piece in events("孟德。")]),
        Act(body=b"data: " + json.dumps(chat("孟德。")).encode() + b"\n\ndata: [DONE]\n\n"),
        Act(pieces=[bytes([byte]) for byte in b"".join(events("孟德。"))]),
        Act(pieces=itertools.chain(events("孟德。"), endless(b"\n"))),
        Act(body=gzip.compress(json.dumps(chat("孟德。")).encode()), headers={"Content-Encoding": "gzip"}),
        Act(body=json.dumps(chat("孟德。")), headers={"Content-Type": "application/json; charset=nonsense"}),
        Act(body=json.dumps(chat("孟德。")), headers={"Content-Type": "application/json; charset=base64"}),
        Act(
            body=json.dumps(chat("孟德。"), ensure_ascii=False).encode("gb18030"),
            headers={"Content-Type": "application/json; charset=gb18030"},
        ),
        Act(body=chat("", reasoning_content="先想想")["choices"] and chat("孟德。", reasoning_content="先想想")),
    ],
    ids=lambda act: "",
)
def test_what_servers_wrap_an_answer_in_is_taken_off(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = send(act, monkeypatch, timeout=10)
    assert (reply.outcome, reply.content, reply.detail) == ("ok", "孟德。", "")
    assert (reply.tokens_in, reply.tokens_out) == (100, 50)


@pytest.mark.parametrize(
    ("act", "outcome", "said"),
    [
        (Act(pieces=events("孟", finish=None, usage=False)), "server_error", "the stream ended"),
        (Act(pieces=[b'data: {"error": {"code": "1302", "message": "slow"}}\n\n']), "rate_limited", "1302"),
        (Act(body=b"data: nonsense\n\n"), "invalid", "nonsense"),
        (Act(body=b""), "invalid", "empty"),
        (Act(body=b"\xff\xfe\xff{"), "invalid", "not JSON"),
        (Act(body="abc", headers={"Content-Encoding": "br"}), "invalid", "br"),
        (Act(body=b"abc", headers={"Content-Encoding": "gzip"}), "invalid", "decompress"),
        (Act(body=chat("", reasoning_content="想了又想")), "empty", "only thought"),
        (Act(body=chat("", tool_calls=[{"function": {}}])), "empty", "tools"),
        (Act(body="<html><head><title>网关超时</title></head></html>"), "invalid", "网关超时"),
        (Act(502, "<html><head><title>Bad Gateway</title></head></html>"), "server_error", "Bad Gateway"),
        (Act(307, "", {"Location": "https://elsewhere.example/v1"}), "not_found", "elsewhere.example"),
        (Act(429, error := '{"error": "慢"}', {"Retry-After": "1e400"}), "rate_limited", "慢"),
        (Act(429, error, {"Retry-After": "nan"}), "rate_limited", "慢"),
        (Act(413, "too large"), "too_long", "413"),
        (Act(529, "overloaded"), "server_error", "529"),
        (Act(400, '{"error": ' + "[" * 50_000), "bad_request", "400"),
    ],
)
def test_the_words_say_what_came(act: Act, outcome: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = send(act, monkeypatch)
    assert reply.outcome == outcome
    assert said in reply.detail


def test_an_answer_that_stands_among_the_thoughts_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = '{"records": []}'
    for thought in (answer, f"```json\n{answer}\n```"):
        assert send(Act(body=chat("", reasoning_content=thought)), monkeypatch).content == answer


def disguises() -> dict[str, str]:
    """The key as a server may send it back."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in KEY)
    return {
        "plain": KEY,
        "JSON": escaped,
        "JSON twice": escaped.replace("\\", "\\\\"),
        "JSON in parts": KEY[:4] + escaped[24:],
        "URL": urllib.parse.quote(KEY, safe=""),
        "URL, all of it": "".join(f"%{ord(character):02X}" for character in KEY),
        "base64": base64.b64encode(KEY.encode()).decode(),
        "base64 of the header": base64.b64encode(f"Authorization: Bearer {KEY}\r\n".encode()).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(f"x{KEY}".encode()).decode(),
        "hex": KEY.encode().hex(),
        "HTML": "".join(f"&#{ord(character)};" for character in KEY),
    }


def forms_in(text: str) -> list[str]:
    return [name for name, form in disguises().items() if form in text]


@pytest.mark.parametrize("form", disguises())
def test_a_key_that_is_sent_back_is_kept_nowhere(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = disguises()[form]
    acts = [
        Act(body=chat(f"你的钥匙：{key}。")),
        Act(body=json.dumps(chat("TEXT")).replace("TEXT", f"你的钥匙：{key}")),
        Act(body=chat("好。", key)),
        Act(body=json.dumps(chat("好。", "REASON")).replace("REASON", key)),
        Act(body=key * 100),
        Act(body=f"<html><title>{key}</title></html>"),
        Act(401, " " * 60_000 + f"{key}"),
        Act(400, json.dumps({"error": {"message": f"bad key {key}"}})),
        Act(302, "", {"Location": f"https://elsewhere.example/{key}"}),
    ]
    for act in acts:
        told = repr(send(act, monkeypatch))
        assert forms_in(told) == []
        assert KEY not in json.dumps(json.loads(json.dumps(told)))


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=6, max_size=40), st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_key_is_found_in_any_text(key: str, around: str) -> None:
    scrubber = Scrubber()
    scrubber.add(key)
    whole = base64.b64encode(f"{around}{key}{around}".encode("utf-8", "replace")).decode()
    for form in (f"{around}{key}{around}", json.dumps(f"{around}{key}"), urllib.parse.quote(key, safe=""), whole):
        clean = scrubber.scrub(form)
        assert key not in clean
        assert key not in urllib.parse.unquote(clean.replace("%", "%25") if "%" in key else clean)
    if key not in around and len(around) > 1:
        assert scrubber.scrub(around) == around


def test_a_key_in_a_record_reaches_neither_store_nor_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", KEY)

    def behave(number: int, body: dict) -> Act:
        items = items_for(body)
        text = json.dumps({"records": items}, ensure_ascii=False)
        forms = list(disguises().values())
        text = text.replace("第1件事", f"第1件事{forms[number % len(forms)]}")
        return Act(body=chat(text, f"stop {KEY}" if number % 2 else "stop"))

    path = tmp_path / "synth.sqlite"
    with TeacherServer(behave) as server, Store(path) as store:
        settings_ = synth_settings(server.url, max_passages=11, teacher={"key_env": "TEACHER_KEY"})
        run_passages(chapters(), store, settings_)
        assert KEY not in json.dumps([kept.content for kept in store.kept()], ensure_ascii=False)
        assert len(list(store.accepted())) == 11
    for file in tmp_path.iterdir():
        held = file.read_bytes().decode("utf-8", "replace")
        assert forms_in(held) == []


def test_text_that_cannot_be_written_becomes_visible(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        text = json.dumps({"records": items_for(body)}, ensure_ascii=False)
        return Act(body=json.dumps(chat(text + "\ud800\0", "st\udfffop" if number % 2 else "stop")))

    with TeacherServer(behave) as server:
        summary = run_plain(chapters(), store, synth_settings(server.url, max_passages=4))
    assert summary.done == 4
    assert all("\ufffd" in reply.content for _, reply in store.accepted())


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "<think>",
            "</think>",
            "<think>a</think>",
            "<seed:think>",
            "[1e9,",
            "[",
            '{"a":',
            '["a",',
            '\\"',
            "<",
            "```\n",
        ),
        *('{"question":"', '{"question": "谁", "answer": "x', '"question": ', '{"question":"a" "b" '),
    ],
)
def test_reading_takes_time_in_proportion_to_the_text(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        best = 60.0
        for _ in range(2):
            began = time.perf_counter()
            parse_reply(text, finished=True)
            best = min(best, time.perf_counter() - began)
        return best

    # Twice the text, twice the time; more than three times the double would be another law.
    assert seconds(100_000) < 6 * max(seconds(50_000), 0.03)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>甲</think>乙", "乙"),
        ("<seed:think>甲</seed:think>乙", "乙"),
        ("<reasoning>甲</reasoning>乙", "乙"),
        ("<Thought>甲</Thought>乙", "乙"),
        ("甲</thinking>乙", "乙"),
        ("乙<think>甲", "乙"),
        ("◁think▷甲◁/think▷乙", "乙"),
        ("[THINK]甲[/THINK]乙", "乙"),
        ("<|channel|>analysis<|message|>甲<|end|><|start|>assistant<|channel|>final<|message|>乙", "乙"),
        ("<think>甲<think>丙</think>丁</think>乙", "乙"),
        ("乙，他想：<三国>", "乙，他想：<三国>"),
    ],
)
def test_thoughts_are_taken_out(text: str, answer: str) -> None:
    assert without_thoughts(text) == answer


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_bytes_of_any_charset_become_text(text: str) -> None:
    for charset in ("", "utf-8", "gb18030", "base64", "undefined", "no-such", "rot13", "idna", "utf-16"):
        bodies.decode(text.encode(), charset).encode("utf-8", "surrogatepass")
