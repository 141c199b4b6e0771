"""Odd rows in imports and in the store: each is told and passed over, none ends the work, an import can be undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jianghu.errors import InputError
from jianghu.llm.store import Item, Reply, Store, ask
from jianghu.synth import Coverage, collect_records
from jianghu.synth.exchange import ImportStrategy, pairs_in, read_imports, reread_imports
from jianghu.synth.exchange.importer import undo_imports
from tests.synth.shelf import synth_settings
from tests.synth.test_exchange import imported, shelf

GOOD = {"question": "《青峰录》里欧阳雪刻完最后一式掌谱之后做了什么？", "answer": "把刻刀扔进了深潭。"}
OTHER = {"question": "《青峰录》里沈青峰的佩剑是怎样来的？", "answer": "师父传下来的。"}


def having(names: list[str], *values: object) -> list[dict[str, object]]:
    """A good row with each of the values in these fields."""
    return [{**GOOD, **dict.fromkeys(names, value)} for value in values]


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "row",
    [
        *having(["book"], [], {}, 3, None, "\ud800", "别的书", [[]]),
        *having(["aliases"], "甲", [1], {"a": []}, [[[]]], None),
        *having(["kind"], [], {}, 1e400, True, "\udfff" * 50),
        *having(["chapter"], "一", 1e400, -(2**70), [], True),
        *having(["short_answer"], [], {}, 0, ""),
        *having(["evidence", "start", "end", "fact_id"], [], {}, "x", None),
        {**GOOD, "answer": GOOD["answer"] + "\ud83d"},
        {**GOOD, "wording": [], "repaired": {}},
        {"messages": [{"role": [], "content": {}}, {"from": {}, "value": []}, None, 3]},
        {"conversations": [{"from": "human", "value": "\ud800"}, {"from": "gpt", "value": "\udfff"}]},
        {"records": [[[{"records": [{"records": [{}]}]}]], GOOD]},
        {"question": {"question": {"question": "x"}}, "answer": ["x"]},
        {"instruction": [], "input": {}, "output": 3},
        json.loads("[" * 300 + "]" * 300),
        [],
        None,
        "text",
        {"": ""},
    ],
)
def test_no_row_ends_an_import_or_what_comes_after_it(row: object, tmp_path: Path, store: Store) -> None:
    path = write(tmp_path / "odd.jsonl", row, OTHER)
    found = imported(store, path)
    assert [item.content["question"] for item in found if item.verdict == "accepted"][-1] == OTHER["question"]
    reread_imports(shelf(3), store)  # as the next run does, when the books have changed
    assert OTHER["question"] in [record.question for record in collect_records(store, synth_settings())]
    Coverage(shelf()).look(store)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
fields = st.sampled_from(
    ["question", "Answer", "问题", "答案", "book", "kind", "aliases", "chapter", "messages", "output", "instruction"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(fields, json_values, max_size=5), max_size=4), st.booleans())
def test_any_rows_are_read(tmp_path: Path, rows: list[dict], pretty: bool) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps([*rows, OTHER], indent=1 if pretty else None), encoding="utf-8")
    store_path = tmp_path / "synth.sqlite"
    store_path.unlink(missing_ok=True)
    with Store(store_path) as store:
        imported(store, path)
        assert OTHER["question"] in [record.question for record in collect_records(store, synth_settings())]


def test_a_file_that_is_damaged_in_the_middle_leaves_nothing(tmp_path: Path, store: Store) -> None:
    from pyarrow import Table, parquet

    path = tmp_path / "rows.parquet"
    rows = [{"question": f"《青峰录》里第{n}件事的经过怎样？", "answer": f"经过{n}" * 20} for n in range(5000)]
    parquet.write_table(Table.from_pylist(rows), path, row_group_size=1000, compression="none")
    data = bytearray(path.read_bytes())
    middle = len(data) * 2 // 3
    data[middle : middle + 3000] = b"\xff" * 3000
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"rows\.parquet"):
        imported(store, path)
    assert store.imported("import") == []


def test_what_an_older_program_let_into_the_store_is_set_aside(tmp_path: Path, store: Store) -> None:
    good = write(tmp_path / "good.jsonl", OTHER)
    imported(store, good)
    number, _ = store.begin_plan("import", store._rows("SELECT fingerprint FROM plans")[0][0])
    bad: list[dict[str, Any]] = [
        {"question": [], "answer": {}, "kind": 3, "short_answer": None, "aliases": None, "book": [], "start": None},
        {"question": "谁？", "answer": "他。", "kind": "who", "short_answer": "他", "aliases": [], "book": "青峰录"}
        | {"chapter": 1, "start": 9, "end": 3},
        {},
    ]
    for n, content in enumerate(bad):
        request = ask("import", "bad.jsonl", "", {"messages": [], "schema": {}}, slot=f"{'0' * 64}/{n}")
        store.keep_foreign(number, [(request, Reply("ok", "x", "stop"))])
        (id_,) = [id_ for id_, _, _ in store.unread(number)]
        store.enter_items(number, [(id_, [Item("accepted", content)], [])])
    store._db.execute("UPDATE items SET content = '[NaN' WHERE request = ?", (id_,))
    store._db.execute("UPDATE requests SET body = '{' WHERE id = ?", (id_,))
    store._db.execute("INSERT INTO items VALUES (?, 9, 'record', 'accepted', CAST(x'ff00fe' AS TEXT))", (id_,))
    assert [record.question for record in collect_records(store, synth_settings())] == [OTHER["question"]]
    reread_imports(shelf(3), store)
    assert [record.question for record in collect_records(store, synth_settings())] == [OTHER["question"]]
    assert store.damaged
    store.by_chapter("record")


def test_an_import_can_be_taken_back(tmp_path: Path, store: Store) -> None:
    first, second = write(tmp_path / "first.jsonl", GOOD), write(tmp_path / "second.jsonl", OTHER)
    imported(store, first)
    imported(store, second)
    assert undo_imports(store, []) == [("second.jsonl", 1)]
    assert [record.question for record in collect_records(store, synth_settings())] == [GOOD["question"]]
    second.unlink()
    with pytest.raises(InputError, match=r"first\.jsonl"):
        undo_imports(store, [second])
    assert undo_imports(store, [first]) == [("first.jsonl", 1)]
    with pytest.raises(InputError, match="nothing was imported"):
        undo_imports(store, [])
    assert len(imported(store, first)) == 1  # and it can come again


def test_thoughts_do_not_come_in(tmp_path: Path, store: Store) -> None:
    rows = [
        {"instruction": GOOD["question"], "output": f"<think>让我想想：刻刀？</think>\n{GOOD['answer']}"},
        {"问题": OTHER["question"], "答案": f"<reasoning>剑</reasoning>{OTHER['answer']}"},
    ]
    found = imported(store, write(tmp_path / "cot.jsonl", *rows))
    assert [item.content["answer"] for item in found] == [GOOD["answer"], OTHER["answer"]]


@pytest.mark.parametrize(
    "row",
    [
        {"问题": "问", "答案": "答"},
        {"Q": "问", "A": "答"},
        {"data": [{"query": "问", "response": "答"}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "问"}]},
                {"role": "assistant", "content": "答"},
            ]
        },
    ],
)
def test_more_formats(row: dict[str, object]) -> None:
    assert [(pair["question"], pair["answer"]) for pair in pairs_in(row)] == [("问", "答")]


def test_a_strategy_reads_blocks_whatever_they_hold(store: Store) -> None:
    strategy = ImportStrategy(shelf())
    request = ask("import", "x", "", {"messages": [], "schema": {}}, slot="x/0")
    for text in ("", "[", '{"a": ' * 5000, "\x00\ufffd", '{"question": "' + "长" * 70_000):
        assert all(item.verdict != "accepted" for item in strategy.read(request, Reply("ok", text, "stop")))
    assert read_imports(strategy, store).faults == []
