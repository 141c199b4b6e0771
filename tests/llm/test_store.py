import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghu.corpus import Chapter, Passage
from jianghu.errors import InputError, RunError
from jianghu.llm.store import Body, Item, Reader, Reply, Request, Store, ask

BOOK = "青峰录"
TEXT = "沈青峰夜入寒潭寺。"
CHAPTERS = [Chapter(BOOK, 1, "第一回", TEXT), Chapter(BOOK, 2, "第二回", "柳如烟点灯相候。")]
GOOD = Reply("ok", "{}", "stop", "", 100, 50, 0.25, 1.5, key_hash="abcd1234")


def request(number: int, chapter: int = 1, text: str = TEXT, **more) -> Request:
    body: Body = {
        "messages": [{"role": "user", "content": f"{number}"}],
        "max_tokens": 8,
        "temperature": 0.5,
        "schema": {},
    }
    return ask("plain", "records", "m", body, passage=Passage(BOOK, chapter, 0, len(text), text), rank=number, **more)


def planned(store: Store, requests: list[Request], fingerprint: str = "one") -> int:
    store.shelve(CHAPTERS)
    number, made = store.begin_plan("plain", fingerprint)
    if not made:
        store.plan(number, requests)
        store.end_plan(number)
    return number


def answer(store: Store, number: int, reply: Reply = GOOD, count: int = 1) -> list[Request]:
    """Take requests and answer them."""
    _, taken = store.take(number, count, count, 0.0)
    store.add_replies([(one.id, reply) for one in taken])
    return [one.request for one in taken]


def read(store: Store, number: int, items: list[Item]) -> None:
    store.enter_items(number, [(id_, items, []) for id_, _, _ in store.unread(number)])


def test_what_was_added_is_there_after_closing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "synth.sqlite"
    with Store(path) as store:
        number = planned(store, [request(1), request(2)])
        (taken,) = store.take(number, 1, 1, 0.0)[1]
        store.add_replies(
            [(taken.id, Reply("rate_limited", detail="HTTP 429"))], later=[(taken.id, 5.0, 0, "abcd1234")]
        )
        assert store.take(number, 9, 0, 4.9) == ([], [])
        ((again,), _) = store.take(number, 9, 0, 5.0)
        assert (again.request, again.avoid) == (request(1), "abcd1234")
        store.add_replies([(again.id, GOOD)])
        read(store, number, [Item("accepted", {"question": "谁？"}), Item("empty", {})])
        store.set_meta("pool", {"a": 1})
    with Reader(path) as reader:
        assert reader.states() == {"plain/records": {"open": 1, "read": 1}}
        assert reader.outcomes() == {"ok": 1, "rate_limited": 1}
        assert reader.verdicts() == {"accepted": 1, "empty": 1}
        assert reader.spent() == (150, 0.25)
        assert reader.get_meta("pool") == {"a": 1}
        assert reader.get_meta("nothing") is None
        ((asked, reply),) = list(reader.accepted())
        assert (asked, reply) == (request(1), GOOD)
        assert (reader.request(asked.key), reader.reply(asked.key)) == (request(1), GOOD)
        assert [(kept.content, kept.passage) for kept in reader.kept()] == [({"question": "谁？"}, asked.passage)]


def test_planning_twice_changes_nothing(store: Store) -> None:
    number = planned(store, [request(1)])
    answer(store, number)
    read(store, number, [Item("accepted", {})])
    assert store.plan(number, [request(1), request(2)]) == 2
    assert store.states() == {"plain/records": {"open": 1, "read": 1}}
    assert store.begin_plan("plain", "one") == (number, True)


def test_another_plan_asks_only_what_is_new_and_reads_the_rest_again(store: Store) -> None:
    first = planned(store, [request(1), request(2), request(3)])
    answer(store, first, count=2)
    read(store, first, [Item("accepted", {})])
    second = planned(store, [request(2), request(3), request(4)], "two")
    assert second != first
    # 1 has left the plan, and what is left of it is not asked; 2 is read again; 3 and 4 are open.
    assert store.states() == {"plain/records": {"answered": 1, "open": 2}}
    assert [r for _, r, _ in store.unread(second)] == [request(2)]
    assert answer(store, second, count=9) == [request(3), request(4)]
    assert len(list(store.accepted())) == 4


def test_a_request_has_one_accepted_reply_at_most(store: Store) -> None:
    number = planned(store, [request(1)])
    (taken,) = store.take(number, 1, 1, 0.0)[1]
    store.add_replies([(taken.id, GOOD)])
    store.add_replies([(taken.id, GOOD)])
    assert store.outcomes() == {"ok": 1, "duplicate": 1}
    assert store.spent() == (300, 0.5)
    assert len(list(store.accepted())) == 1
    with pytest.raises(sqlite3.IntegrityError), sqlite3.connect(store.path) as db:
        db.execute("UPDATE replies SET accepted = 1")


@pytest.mark.parametrize(
    "outcome", ["rate_limited", "empty", "invalid", "bad_request", "invalid_key", "filtered", "quota_exhausted"]
)
def test_an_error_is_never_an_answer(store: Store, outcome: str) -> None:
    number = planned(store, [request(1)])
    answer(store, number, Reply(outcome, detail="<html>Too many requests</html>"))
    assert store.unread(number) == []
    assert store.count("plain", "open") == 1
    assert not Reply("ok", "   ").accepted
    assert Reply("truncated", '{"records": [').accepted


def test_what_a_crash_left_as_sent_is_open_again(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        number = planned(store, [request(n) for n in range(9)])
        answer(store, number, count=2)
        store.take(number, 5, 5, 0.0)
        assert store.count("plain", "sent") == 5
    with Store(path) as store:
        assert store.states() == {"plain/records": {"answered": 2, "open": 7}}


def test_records_of_a_passage_that_left_the_books_are_put_aside_and_come_back(store: Store) -> None:
    number = planned(store, [request(1)])
    answer(store, number)
    read(store, number, [Item("accepted", {})])
    store.shelve([Chapter(BOOK, 1, "第一回", "改写了的一章。")])
    assert list(store.kept()) == []
    assert store.verdicts() == {}
    store.shelve([Chapter("甲", 1, "", "别的书。"), Chapter(BOOK, 1, "第一回", f"却说，{TEXT}")])
    (kept,) = store.kept()
    assert kept.passage == Passage(BOOK, 1, 3, 3 + len(TEXT), TEXT)


def test_kept_items_come_in_the_order_of_the_shelf(store: Store) -> None:
    number = planned(store, [request(1, 2, "柳如烟点灯相候。"), request(2, 1), request(3, 1, "夜入寒潭寺。")])
    answer(store, number, count=3)
    read(store, number, [Item("accepted", {}), Item("accepted", {}, "fact")])
    texts = [kept.passage.text for kept in store.kept() if kept.passage]
    assert texts[-1] == "柳如烟点灯相候。"
    assert len(texts) == len(list(store.kept("fact"))) == 3
    assert list(store.kept("record", "other")) == []


def test_long_texts_are_stored_once(tmp_path: Path) -> None:
    system = "你是一位严谨的小说研究者。" * 500
    with Store(tmp_path / "s.sqlite") as store:
        requests = []
        for number in range(200):
            messages = [{"role": "system", "content": system}, {"role": "user", "content": str(number)}]
            body: Body = {"messages": messages, "max_tokens": 8, "temperature": 0.5, "schema": None}
            requests.append(ask("plain", "records", "m", body, rank=number))
        number = planned(store, requests)
        assert [one.request for one in store.take(number, 300, 300, 0.0)[1]] == requests
    assert (tmp_path / "s.sqlite").stat().st_size < 20 * len(system.encode())


def test_a_failing_plan_leaves_no_trace_and_can_be_made_again(store: Store) -> None:
    def broken():
        yield request(1)
        raise ZeroDivisionError

    store.shelve(CHAPTERS)
    number, _ = store.begin_plan("plain", "one")
    with pytest.raises(ZeroDivisionError):
        store.plan(number, broken())
    assert store.begin_plan("plain", "one") == (number, False)
    store.plan(number, [request(1), request(2)])
    assert [one.request for one in store.take(number, 9, 9, 0.0)[1]] == [request(1), request(2)]


def test_follow_ups_join_the_plan_in_the_same_step_as_the_items(store: Store) -> None:
    number = planned(store, [request(1)])
    answer(store, number)
    ((id_, parent, _),) = store.unread(number)
    child = request(7, parent=parent.key)
    assert store.enter_items(number, [(id_, [], [child])]) == 1
    assert store.enter_items(number, [(id_, [], [child])]) == 0
    assert answer(store, number) == [child]


def test_durable_settings(store: Store) -> None:
    assert store._rows("PRAGMA journal_mode") == [("wal",)]
    assert store._rows("PRAGMA synchronous") == [(2,)]  # FULL


def test_two_writers_are_refused_and_readers_are_not(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        with pytest.raises(RunError, match=r"s\.sqlite is being written by"):
            Store(path)
        planned(store, [request(1)])
        with Reader(path) as reader:
            assert reader.count("plain") == 1
            with pytest.raises(sqlite3.OperationalError):
                reader._db.execute("DELETE FROM requests")
    Store(path).close()


def test_a_reader_sees_one_moment_while_the_writer_goes_on(store: Store) -> None:
    number = planned(store, [request(n) for n in range(6)])
    answer(store, number, count=4)
    read(store, number, [Item("accepted", {})])
    seen = store.kept()
    next(seen)
    answer(store, number, count=2)
    read(store, number, [Item("accepted", {})])
    assert len(list(seen)) == 3
    assert len(list(store.kept())) == 6


def test_nothing_to_read_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="synth run"):
        Reader(tmp_path / "s.sqlite")


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes("这不是数据库。".encode() * 100)
    with pytest.raises(InputError, match=r"s\.sqlite: damaged"):
        Store(path)
    assert path.read_bytes().startswith("这不是".encode())


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    for opened in (Store, Reader):
        with pytest.raises(InputError, match="version 99"):
            opened(path)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE poems (text TEXT)")
    with pytest.raises(InputError, match="not a store"):
        Store(path)


def test_a_store_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        planned(store, [request(n) for n in range(400)])
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        _use(path)


def _use(path: Path) -> None:
    with Store(path) as store:
        planned(store, [request(1)], "two")
        list(store.accepted())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.just("good"), st.integers(0, 9)),
        st.tuples(st.just("bad"), st.integers(0, 9)),
        st.tuples(st.just("later"), st.integers(0, 9)),
        st.tuples(st.just("read"), st.integers(1, 3)),
        st.tuples(st.just("crash"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_request_is_lost_or_answered_twice_whatever_happens(steps: list[tuple[str, int]]) -> None:
    """Takes, replies, readings and crashes in any order; then a clean run ends with one answer for each request."""
    path = Path(f"/dev/shm/store-{os.getpid()}-{threading.get_ident()}.sqlite")
    if not path.parent.exists():
        path = Path(os.environ.get("TMPDIR", "/tmp")) / path.name
    for left in path.parent.glob(f"*{path.name}*"):
        left.unlink()
    store = Store(path)
    try:
        number = planned(store, [request(n) for n in range(10)])
        flying: list[int] = []
        for step, n in steps:
            if step == "take":
                again, fresh = store.take(number, n, n, 0.0)
                flying += [one.id for one in again + fresh]
            elif step == "crash":
                store.close()
                store = Store(path)
                flying = []
            elif step == "read":
                found: Any = [(id_, [Item("accepted", {"n": id_})], []) for id_, _, _ in store.unread(number, n)]
                store.enter_items(number, found)
            elif flying:
                id_ = flying.pop(n % len(flying))
                if step == "good":
                    store.add_replies([(id_, GOOD)])
                elif step == "bad":
                    store.add_replies([(id_, Reply("bad_request"))], failed=[id_])
                else:
                    store.add_replies([(id_, Reply("server_error"))], later=[(id_, 0.0, 1, "")])
        store.close()
        store = Store(path)
        store.begin_run(number)
        while sum(map(len, taken := store.take(number, 3, 3, 0.0))):
            store.add_replies([(one.id, GOOD) for one in [*taken[0], *taken[1]]])
        read(store, number, [Item("accepted", {})])
        assert store.count("plain", "read") == len(list(store.accepted())) == len(list(store.kept())) == 10
        assert "duplicate" not in store.outcomes()
    finally:
        store.close()
        for left in path.parent.glob(f"*{path.name}*"):
            left.unlink()
