"""Older stores are brought up to date: what was paid for stays, and counts."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from jianghu.errors import InputError, RunError
from jianghu.llm.store import Reader, Reply, Store, migrate
from jianghu.recipe import load_recipe
from jianghu.synth import Shelf, collect_records
from jianghu.synth.exchange import reread_imports
from tests.llm.teacher_server import TeacherServer, items_for
from tests.llm.test_store import planned, request
from tests.synth.shelf import BOOK, chapters, lexicon, run_passages, synth_settings

FIRST = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE requests (
    key TEXT PRIMARY KEY, place INTEGER, book TEXT NOT NULL, chapter INTEGER NOT NULL, start INTEGER NOT NULL,
    passage TEXT NOT NULL, model TEXT NOT NULL, body TEXT NOT NULL, planned REAL NOT NULL
);
CREATE TABLE replies (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES requests(key), at REAL NOT NULL,
    outcome TEXT NOT NULL, accepted INTEGER NOT NULL, content TEXT NOT NULL, finish_reason TEXT, detail TEXT NOT NULL,
    tokens_in INTEGER, tokens_out INTEGER, cost REAL NOT NULL, seconds REAL NOT NULL
);
CREATE UNIQUE INDEX one_accepted ON replies(key) WHERE accepted;
CREATE TABLE records (
    key TEXT NOT NULL REFERENCES requests(key), item INTEGER NOT NULL, verdict TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (key, item)
);
PRAGMA user_version = 1;
"""
"""The tables of the first version, as its program made them."""


def second_version(path: Path) -> None:
    """Turn a store of today into one of an early second version: with fewer columns, and tables of other shapes."""
    with sqlite3.connect(path) as db:
        db.executescript(
            """
            DROP INDEX replies_estimated; DROP INDEX replies_of_request; DROP INDEX replies_counted;
            ALTER TABLE replies DROP COLUMN tokens_cached; ALTER TABLE replies DROP COLUMN estimated;
            ALTER TABLE requests DROP COLUMN avoid;
            DROP TABLE verdicts; DROP TABLE duplicates;
            CREATE TABLE verdicts (request INTEGER NOT NULL, item INTEGER NOT NULL, judge TEXT NOT NULL,
                verdict TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (request, item, judge));
            CREATE TABLE duplicates (request INTEGER NOT NULL, item INTEGER NOT NULL, of_request INTEGER NOT NULL,
                of_item INTEGER NOT NULL, similarity REAL NOT NULL, PRIMARY KEY (request, item));
            CREATE TABLE older_splits (fact TEXT PRIMARY KEY, split TEXT NOT NULL);
            INSERT INTO older_splits SELECT key, split FROM splits;
            DROP TABLE splits; ALTER TABLE older_splits RENAME TO splits;
            PRAGMA user_version = 2;
            """
        )


def shape(path: Path) -> list[tuple[str, str]]:
    """All columns of all tables, and the names of indexes and views."""
    with sqlite3.connect(path) as db:
        names = db.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        columns = [
            (name, column[1])
            for kind, name in names
            if kind == "table"
            for column in db.execute(f"PRAGMA table_info({name})")
        ]
    return sorted([*names, *columns])


def test_a_store_of_the_second_version_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "synth.sqlite"
    with TeacherServer() as server:
        settings = synth_settings(server.url, max_passages=8, teacher={"price_in": 10.0, "price_out": 20.0})
        with Store(path) as store:
            first = run_passages(chapters(), store, settings)
            before = [record.question for record in collect_records(store, settings)]
            splits = store._rows("SELECT * FROM splits ORDER BY key")
        second_version(path)
        with pytest.raises(InputError, match="up to date"):
            Reader(path)
        with Store(path) as store:
            assert "brought up to date from version 2" in capsys.readouterr().err
            again = run_passages(chapters(), store, settings)
            assert (again.asked, again.done, again.records) == (0, first.done, first.records)
            assert again.cost == pytest.approx(first.cost)
            assert [record.question for record in collect_records(store, settings)] == before
            assert store._rows("SELECT * FROM splits ORDER BY key") == splits
    fresh = tmp_path / "fresh.sqlite"
    Store(fresh).close()
    assert shape(path) == shape(fresh)
    Reader(path).close()


def test_outcomes_have_todays_names(tmp_path: Path) -> None:
    path = tmp_path / "synth.sqlite"
    with Store(path) as store:
        number = planned(store, [request(1)])
        (taken,) = store.take(number, 1, 1, 0.0)[1]
        store.add_replies([(taken.id, Reply("rate_limited", detail="HTTP 429"))], later=[(taken.id, 5.0, 0, "")])
    with sqlite3.connect(path) as db:
        db.executescript("UPDATE replies SET outcome = 'slow_down'; PRAGMA user_version = 3;")
    with Store(path) as store:
        assert store.outcomes() == {"rate_limited": 1}


def test_what_the_first_version_was_told_becomes_records(tmp_path: Path) -> None:
    path = tmp_path / "synth.sqlite"
    passage = chapters()[0].text[:200]
    items = items_for({"messages": [{"content": f"<passage>\n{passage}\n</passage>"}]})
    reply = json.dumps({"records": items}, ensure_ascii=False)
    with sqlite3.connect(path) as db:
        db.executescript(FIRST)
        for key in ("a", "b"):
            row = (key, 0, BOOK, 1, 0, passage, "m", "{}", 0.0)
            db.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        told = ("a", 1.0, "ok", 1, reply, "stop", "", 900, 300, 0.5, 2.0)
        refused = ("b", 1.0, "busy", 0, "", None, "HTTP 500", None, None, 0.0, 2.0)
        for number, row_ in enumerate((told, refused), 1):
            db.execute("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (number, *row_))
        db.execute("INSERT INTO records VALUES ('a', 0, 'accepted', '{}')")
    with Store(path) as store:
        assert store.spent() == (1200, 0.5)
        assert store.outcomes() == {"server_error": 1, "ok": 1}
        reread_imports(Shelf(chapters(), {BOOK: lexicon()}), store)
        kept = [record.question for record in collect_records(store, synth_settings())]
        assert kept == [item["question"] for item in items]
    fresh = tmp_path / "fresh.sqlite"
    Store(fresh).close()
    assert shape(path) == shape(fresh)


@pytest.mark.parametrize("version", [0, 99])
def test_what_is_no_older_store_is_left_as_it_is(version: int, tmp_path: Path) -> None:
    path = tmp_path / "synth.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(f"CREATE TABLE notes (text TEXT); PRAGMA user_version = {version};")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"synth\.sqlite"):
        Store(path)
    assert path.read_bytes() == before


def test_a_store_that_cannot_be_brought_up_to_date_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "synth.sqlite"
    Store(path).close()
    second_version(path)
    before = shape(path)

    def breaks(*given: object) -> None:
        raise RunError("the disk is full")

    monkeypatch.setattr(migrate, "_reshape_table", breaks)
    with pytest.raises(RunError):
        Store(path)
    assert shape(path) == before


def test_older_names_of_settings_still_count_with_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "jianghu.toml"
    path.write_text("[synth.judge]\ntrials = 12\n", encoding="utf-8")
    assert load_recipe(path).synth.judge.calibration_size == 12
    assert "trials is now called calibration_size" in capsys.readouterr().err
