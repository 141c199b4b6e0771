"""Records out to other programs and in from them: what leaves can come back, and no split leaks."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from jianghu.corpus import Chapter
from jianghu.errors import InputError
from jianghu.llm.store import Item, Store
from jianghu.recipe import SynthSettings
from jianghu.records import Record
from jianghu.synth import Shelf, collect_records
from jianghu.synth.exchange import Format, ImportStrategy, export_records, read_imports, reread_imports
from tests.llm.plain import run_plain
from tests.llm.teacher_server import TeacherServer
from tests.synth.records import record
from tests.synth.shelf import BOOK, chapters, lexicon, synth_settings


def parts(rows: Iterable[Record]) -> dict[str, Iterable[Record]]:
    held = list(rows)
    return {split: [row for row in held if row.split == split] for split in ("train", "val", "test")}


ABOUT = {"left_out": {"repeat": 3}, "judge": None}
ROWS = [
    record(f"r{n}", f"《青峰录》里沈青峰做的第{n}件大事是什么？", f"第{n}个答案", split=("train", "val", "test")[n % 3])
    for n in range(9)
]


LAST = "腊月初八，碧落崖下的石室里灯火通明。欧阳雪刻完了最后一式掌谱，把刻刀扔进了深潭。"


def shelf(count: int = 4) -> Shelf:
    """A shelf of four chapters, of which the last is `LAST`."""
    return Shelf([*chapters(3), Chapter(BOOK, 4, "第四回", LAST)][:count], {BOOK: lexicon()})


def imported(store: Store, path: Path, on: Shelf | None = None) -> list[Item]:
    items: list[Item] = []
    read_imports(ImportStrategy(on or shelf()), store, [path], items.extend)
    return items


@pytest.mark.parametrize("format", ["jsonl", "qa", "alpaca", "sharegpt", "chatml", "parquet"])
def test_every_format_can_be_imported_again(format: Format, tmp_path: Path, store: Store) -> None:
    done = export_records(parts(ROWS), tmp_path / "out", format, ABOUT)
    assert done.splits == {"train": 3, "val": 3, "test": 3}
    (path,) = tmp_path.glob("out/train.*")
    found = imported(store, path)
    assert [item.content["question"] for item in found] == [row.question for row in ROWS if row.split == "train"]
    assert {item.verdict for item in found} == {"accepted"}


def test_an_export_has_a_manifest_with_hashes_and_a_card(tmp_path: Path) -> None:
    export_records(parts(ROWS), tmp_path / "out", "qa", ABOUT)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))
    assert manifest["records"] == {"test": 3, "train": 3, "val": 3}
    assert set(manifest["files"]) == {"train.jsonl", "val.jsonl", "test.jsonl"}
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "9 records" in card
    assert "《青峰录》" in card
    assert "repeat 3" in card
    assert "No judge" in card
    first = json.loads((tmp_path / "out/train.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first == {"Question": ROWS[0].question, "Answer": ROWS[0].answer}


def test_an_export_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    def breaking() -> Iterator[Record]:
        yield ROWS[0]
        raise OSError("the disk is full")

    export_records(parts(ROWS), tmp_path / "out", "jsonl", ABOUT)
    before = (tmp_path / "out/train.jsonl").read_bytes()
    with pytest.raises(OSError, match="full"):
        export_records({"train": breaking()}, tmp_path / "out", "jsonl", ABOUT)
    assert (tmp_path / "out/train.jsonl").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "synth.sqlite"] == ["out"]


def test_an_export_never_takes_the_place_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="other files"):
        export_records(parts(ROWS), tmp_path / "out", "jsonl", ABOUT)
    with pytest.raises(InputError, match="no records"):
        export_records({}, tmp_path / "empty", "jsonl", ABOUT)
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("format", ["qa", "parquet"])
def test_an_export_streams(format: Format, tmp_path: Path) -> None:
    def many(count: int) -> Iterator[Record]:
        return (record(f"r{n}", f"问题{n}" * 20, f"答案{n}" * 20) for n in range(count))

    export_records({"train": many(10)}, tmp_path / "warm", format, ABOUT)
    tracemalloc.start()
    export_records({"train": many(12_000)}, tmp_path / "out", format, ABOUT)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 24e6  # all of them at once would be more than 60 MB


def test_an_old_output_with_broken_lines_is_kept_repaired_or_rejected(tmp_path: Path, store: Store) -> None:
    whole = {"Question": "《青峰录》里欧阳雪刻完最后一式掌谱之后做了什么？", "Answer": "把刻刀扔进了深潭。"}
    rows = [
        json.dumps(whole, ensure_ascii=False),
        "以下是新的问答：",
        '{"Question": "《青峰录》里柳如烟怎样说"好"的？", "Answer": "她笑着说的。"}',
        '{"Question": "《青峰录》里沈青峰后来怎样？", "Answer": "他先去了',
        json.dumps({"Question": "文中的他去了哪里？", "Answer": "青石镇。"}, ensure_ascii=False),
        json.dumps({"Question": "《青峰录》里苏明月的师父是谁？", "Answer": "孙悟空。"}, ensure_ascii=False),
        json.dumps({"title": "no pair"}),
        json.dumps(
            {"Question": "《青峰录》里沈青峰的佩剑是怎样来的？", "Answer": "师父传下来的。"}, ensure_ascii=False
        ),
    ]
    path = tmp_path / "old.json"
    path.write_bytes(b"[" + ",\n".join(rows).encode("gb18030") + b"]")
    found = imported(store, path)
    verdicts = [item.verdict for item in found]
    assert verdicts == [
        *("accepted", "not an object", "accepted", "broken object", "leans on the passage"),
        *("name of another book", "no question and answer", "accepted"),
    ]
    first, second, last = (item.content for item in found if item.verdict == "accepted")
    assert second["repaired"]
    assert not first["repaired"]
    assert last["start"] is None
    assert last["chapter"] is None
    assert first["chapter"] == 4
    assert LAST[first["start"] : first["end"]] == first["evidence"]
    assert imported(store, path) == []  # the same file again changes nothing
    assert len(collect_records(store, SynthSettings())) == 3


def test_imports_are_read_again_when_the_shelf_changes(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "old.jsonl"
    row = {"Question": "《青峰录》里欧阳雪刻完最后一式掌谱之后做了什么？", "Answer": "把刻刀扔进了深潭。"}
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    imported(store, path, shelf(3))
    assert [kept.content["chapter"] for kept in store.kept()] == [None]
    reread_imports(shelf(), store)
    (kept,) = store.kept()
    assert kept.content["chapter"] == 4
    assert kept.content["evidence"] in LAST


def test_imported_records_stay_whatever_a_teacher_is_asked(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "old.jsonl"
    row = {"Question": "《青峰录》里欧阳雪刻完最后一式掌谱之后做了什么？", "Answer": "把刻刀扔进了深潭。"}
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    imported(store, path)
    with TeacherServer() as server:
        for passages in (3, 2):
            run_plain(shelf().chapters, store, synth_settings(server.url, max_passages=passages))
            assert len(list(store.kept("record", "plain"))) == 2 * passages
            assert len(list(store.kept("record", "import"))) == 1


def test_a_missing_file_is_told(tmp_path: Path, store: Store) -> None:
    with pytest.raises(InputError, match="no such file"):
        imported(store, tmp_path / "nowhere.json")
