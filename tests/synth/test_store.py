import sqlite3
from pathlib import Path

import pytest

from jianghu.errors import InputError, RunError
from jianghu.synth import Store
from jianghu.synth.store import Reply, Request, Verdict


def request(number: int, start: int = 0, passage: str = "沈青峰夜入寒潭寺。") -> Request:
    return Request(f"key{number}", number, "青峰录", number, start, passage, "m", {"messages": []})


GOOD = Reply("ok", "{}", "stop", "", 100, 50, 0.25, 1.5)


def test_what_was_added_is_there_after_closing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "synth.sqlite"
    with Store(path) as store:
        store.plan([request(1), request(2)])
        store.add_reply("key1", Reply("slow_down", detail="HTTP 429"))
        store.add_reply("key1", GOOD)
        store.set_verdicts([("key1", [Verdict("accepted", {"question": "谁？"}), Verdict("empty", {})])])
        store.set_meta("dialect", {"format": "plain"})
    with Store(path) as store:
        assert store.answered() == {"key1"}
        assert store.outcomes() == {"ok": 1, "slow_down": 1}
        assert store.verdicts() == {"accepted": 1, "empty": 1}
        assert store.spent() == (150, 0.25)
        assert store.get_meta("dialect") == {"format": "plain"}
        assert store.get_meta("nothing") is None
        ((asked, reply),) = list(store.accepted())
        assert (asked, reply.content, reply.finish_reason) == (request(1), "{}", "stop")
        assert [kept.content for kept in store.kept()] == [{"question": "谁？"}]


def test_planning_twice_changes_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.plan([request(1)])
        store.add_reply("key1", GOOD)
        store.plan([request(1), request(2)])
        assert store.answered() == {"key1"}
        assert len(list(store.accepted())) == 1


def test_a_request_has_one_accepted_reply_at_most(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.plan([request(1)])
        store.add_reply("key1", GOOD)
        with pytest.raises(sqlite3.IntegrityError):
            store.add_reply("key1", GOOD)
        assert store.outcomes() == {"ok": 1}


@pytest.mark.parametrize("outcome", ["slow_down", "empty", "invalid", "bad_request", "dead"])
def test_an_error_is_never_an_answer(tmp_path: Path, outcome: str) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.plan([request(1)])
        store.add_reply("key1", Reply(outcome, detail="<html>Too many requests</html>"))
        assert store.answered() == set()
    assert not Reply("ok", "   ").accepted
    assert Reply("truncated", '{"records": [').accepted


def test_records_of_a_passage_that_left_the_books_are_put_aside_and_come_back(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.plan([request(1, start=3)])
        store.add_reply("key1", GOOD)
        store.set_verdicts([("key1", [Verdict("accepted", {})])])
        store.relocate({("青峰录", 1): (7, "改写了的一章。")})
        assert list(store.kept()) == []
        store.relocate({("青峰录", 1): (7, "却说，沈青峰夜入寒潭寺。")})
        assert len(list(store.kept())) == 1


def test_durable_settings(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        assert store._rows("PRAGMA journal_mode") == [("wal",)]
        assert store._rows("PRAGMA synchronous") == [(2,)]  # FULL


def test_two_writers_are_refused(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite"), pytest.raises(RunError, match=r"s\.sqlite is being written by"):
        Store(tmp_path / "s.sqlite")
    Store(tmp_path / "s.sqlite").close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes("这不是数据库。".encode() * 100)
    with pytest.raises(InputError, match=r"s\.sqlite: damaged"):
        Store(path)
    assert path.read_bytes().startswith("这不是".encode())


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="version 99"):
        Store(path)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE poems (text TEXT)")
    with pytest.raises(InputError, match="not a store"):
        Store(path)


def test_a_store_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.plan([request(n) for n in range(400)])
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        _use(path)


def _use(path: Path) -> None:
    with Store(path) as store:
        list(store.accepted())
        store.plan([request(1)])
