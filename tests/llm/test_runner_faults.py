"""Runs against a teacher that fails: what passes is tried again, what does not ends the run with a reason."""

import socket
from collections import Counter

import pytest

from jianghu.errors import InputError, RunError
from jianghu.llm import dispatcher
from jianghu.llm.runner import run_strategies
from jianghu.llm.store import Reply, Store
from tests.llm.plain import run_plain
from tests.llm.teacher_server import Act, TeacherServer, chat, good, passage_of
from tests.llm.virtual import ManyStrategy, Provider, virtual_time
from tests.synth.shelf import chapters, synth_settings

CHAPTERS = chapters()
pytestmark = pytest.mark.usefixtures("quick")


def test_failures_that_pass_are_tried_again_and_never_stored_as_answers(store: Store) -> None:
    tried: Counter[str] = Counter()
    faults = [
        Act(429, "slow down"),
        Act(500, "<html>oops</html>"),
        Act(body=chat("")),
        Act(200, "<html>gateway</html>"),
        Act(body=chat("{}"), cut=True),
    ]

    def behave(number: int, body: dict) -> Act:
        passage = passage_of(body)
        tried[passage] += 1
        return faults[number % len(faults)] if tried[passage] <= 2 else good(number, body)

    with TeacherServer(behave) as server:
        summary = run_plain(CHAPTERS, store, synth_settings(server.url, max_passages=15))
    assert summary.done == summary.total == 15
    assert len(server.seen) == 45
    outcomes = store.outcomes()
    assert outcomes.pop("ok") == 15
    assert set(outcomes) == {"rate_limited", "server_error", "empty", "invalid"}
    assert all(reply.content.startswith("{") for _, reply in store.accepted())


def test_retry_after_is_kept_for_all_requests(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        return Act(429, "", {"Retry-After": "0.6"}) if number == 3 else good(number, body)

    with TeacherServer(behave) as server:
        run_plain(CHAPTERS, store, synth_settings(server.url, max_passages=12, teacher={"concurrency": 1}))
        assert server.times[4] - server.times[3] >= 0.6


def test_waiting_holds_no_slot(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher.random, "uniform", lambda low, high: 100.0)
    asked: list[str] = []

    class Refusing(Provider):
        async def send(self, body, endpoint, key):
            asked.append(body["messages"][1]["content"])
            return Reply("server_error") if 2 <= len(asked) <= 4 else await super().send(body, endpoint, key)

    settings = synth_settings(teacher={"concurrency": 1}).teacher
    with virtual_time():
        run_strategies([ManyStrategy(12)], [], store, settings, transport=Refusing(seconds=1.0))
    # With one slot, the nine others take nine seconds, while the three refused ones wait their hundred.
    assert sorted(asked[12:]) == sorted(asked[1:4])
    assert len(set(asked[:12])) == 12


def test_no_more_than_concurrency_at_once(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        # One request proves the server, two fill the first window, and their replies widen it: only then may three.
        server.wait_for(min(3, (number + 3) // 2))
        return Act(body=good(number, body).body, delay=0.03)

    with TeacherServer(behave) as server:
        run_plain(CHAPTERS, store, synth_settings(server.url, teacher={"concurrency": 3}))
        assert server.most_at_once == 3


def test_a_refused_key_stops_at_once_and_is_not_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-secret-98765"
    monkeypatch.setenv("TEACHER_KEY", key)
    with TeacherServer(lambda n, body: Act(401, f"invalid api key {key}")) as server:
        settings = synth_settings(server.url, teacher={"key_env": "TEACHER_KEY", "concurrency": 4})
        with pytest.raises(RunError, match="the key is refused") as caught:
            run_plain(CHAPTERS, store, settings)
        assert len(server.seen) <= 4
    assert caught.value.exit_code == 1
    assert key not in str(caught.value)
    store.close()
    for file in store.path.parent.iterdir():
        assert key.encode() not in file.read_bytes()


def test_a_key_that_dies_later_keeps_what_was_received(store: Store) -> None:
    with TeacherServer(lambda n, body: good(n, body) if n < 6 else Act(401, "revoked")) as server:
        with pytest.raises(RunError, match="the key is refused"):
            run_plain(CHAPTERS, store, synth_settings(server.url))
        assert store.count("plain", "answered", "read") == 6
        assert len(server.seen) <= 6 + 8  # those in flight when it died
    with TeacherServer(good) as server:
        summary = run_plain(CHAPTERS, store, synth_settings(server.url))
        assert len(server.seen) == summary.done - 6
    assert len(list(store.kept())) == 2 * summary.done


def test_an_unknown_model_stops_at_once(store: Store) -> None:
    with TeacherServer(lambda n, body: Act(404, "model_not_found")) as server:
        with pytest.raises(RunError, match="no such model or address"):
            run_plain(CHAPTERS, store, synth_settings(server.url))
        assert len(server.seen) == 1


def test_a_server_out_of_reach_ends_the_run_after_the_retries(store: Store) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(RunError, match=r"cannot be reached, after \d tries"):
            run_plain(CHAPTERS, store, synth_settings(url, teacher={"retries": 2}))
    assert set(store.outcomes()) == {"unreachable"}


def test_a_spent_quota_ends_the_run_and_is_not_waited_for(store: Store) -> None:
    with TeacherServer(lambda n, body: Act(429, "daily quota", {"Retry-After": "86400"})) as server:
        with pytest.raises(RunError, match=r"8(6400|63\d\d) s"):
            run_plain(CHAPTERS, store, synth_settings(server.url))
        assert len(server.seen) == 1


def test_half_of_the_last_fifty_failing_for_good_ends_the_run(store: Store) -> None:
    many = chapters(8, 60)
    with TeacherServer(lambda n, body: Act(400, "1301 bad words") if n % 2 else good(n, body)) as server:
        settings = synth_settings(server.url, teacher={"concurrency": 1})
        with pytest.raises(RunError, match="of the last 50 requests"):
            run_plain(many, store, settings)
        assert 50 <= len(server.seen) < 60
    assert store.count("plain", "read") >= 25


def test_a_few_failures_do_not_end_the_run_and_are_asked_again_next_time(store: Store) -> None:
    with TeacherServer(lambda n, body: Act(400, "no") if n in (4, 9) else good(n, body)) as server:
        settings = synth_settings(server.url, max_passages=12)
        first = run_plain(CHAPTERS, store, settings)
        assert (first.done, first.failed) == (10, {"bad_request": 2})
        second = run_plain(CHAPTERS, store, settings)
        assert (second.done, second.asked) == (12, 2)
        assert len(server.seen) == 14


def test_nothing_answered_at_all_is_a_failure(store: Store) -> None:
    with TeacherServer(lambda n, body: Act(400, "bad")) as server, pytest.raises(RunError, match="answered none of 3"):
        run_plain(CHAPTERS, store, synth_settings(server.url, max_passages=3))


def test_a_server_that_hangs_is_given_up_after_the_retries(store: Store) -> None:
    with TeacherServer(lambda n, body: good(n, body) if n != 2 else Act(delay=20)) as server:
        summary = run_plain(CHAPTERS, store, synth_settings(server.url, max_passages=8, teacher={"timeout": 1.5}))
    assert summary.done == 8
    outcomes = store.outcomes()
    assert outcomes.pop("ok") == 8
    assert set(outcomes) == {"timeout"}


def test_a_missing_key_is_told_before_anything_is_sent(store: Store) -> None:
    with TeacherServer() as server:
        settings = synth_settings(server.url, teacher={"key_env": "NO_SUCH_KEY_HERE"})
        with pytest.raises(InputError, match="NO_SUCH_KEY_HERE"):
            run_plain(CHAPTERS, store, settings)
        assert server.seen == []
