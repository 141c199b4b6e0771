"""What a person decided about records holds in what is written, exported and compared, and can be taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jianghu.errors import InputError
from jianghu.files import read_jsonl
from jianghu.llm.store import Store
from jianghu.records import Record
from jianghu.synth import active_records, decide
from jianghu.synth.edits import Edits, Fields
from jianghu.synth.stage import synth_stale
from jianghu.workspace import Workspace
from tests.conftest import FACTS, PEOPLE, PLACES, RECIPE, jianghu, novel_text
from tests.synth.records import record

ASKED = "《青峰录》里谁守住了断云岭？"


def grouped(*rows: Record) -> Callable[[], Iterable[tuple[str, Record]]]:
    return lambda: [(row.fact, row) for row in rows]


def fields(row: Record, **changes: object) -> Fields:
    own = {name: getattr(row, name) for name in Fields.model_fields}
    return Fields.model_validate({**own, **changes})


@pytest.fixture
def edits(tmp_path: Path) -> Edits:
    return Edits(tmp_path / "edits.jsonl")


def kept(store: Store, edits: Edits, *rows: Record, judged: bool = True) -> list[tuple[str, str]]:
    """Question and answer of the records that count."""
    decide(grouped(*rows), store, edits=edits)
    found = active_records(grouped(*rows), store, judged, edits)
    return [(one.id, one.answer) for one in found]


def test_rejected_goes_edited_counts_in_its_new_form_and_undo_brings_back(store: Store, edits: Edits) -> None:
    one, other = record("a", ASKED, "秦夫人"), record("b", "谁在寒潭寺等了三天？", "白无双")
    edits.add("reject", [one], "studio")
    edits.add("edit", [other], "studio", [fields(other, answer="陆小川。", short_answer="陆小川")])
    assert kept(store, edits, one, other) == [("b", "陆小川。")]
    assert [change.action for change in edits.undo("studio")] == ["edit"]
    assert [change.action for change in edits.undo("studio")] == ["reject"]
    assert edits.undo("studio") == []
    assert kept(store, edits, one, other) == [("a", "秦夫人"), ("b", "白无双")]
    assert edits.digest() == ""


def test_what_a_person_accepted_goes_before_what_it_repeats_or_contradicts(store: Store, edits: Edits) -> None:
    first, second = record("a", ASKED, "秦夫人"), record("b", ASKED, "铁掌柜")
    assert kept(store, edits, first, second) == [("a", "秦夫人")]
    edits.add("accept", [second], "studio")
    assert kept(store, edits, first, second) == [("b", "铁掌柜")]


def test_with_a_rejected_record_goes_what_says_the_same_but_not_what_contradicts_it(store: Store, edits: Edits) -> None:
    wrong, same, right = record("a", ASKED, "秦夫人"), record("b", ASKED, "秦夫人"), record("c", ASKED, "铁掌柜")
    edits.add("reject", [wrong], "studio")
    assert kept(store, edits, wrong, same, right) == [("c", "铁掌柜")]


def test_an_accepted_record_that_gives_away_an_exam_question_stays_out(store: Store, edits: Edits) -> None:
    asked = "在青石镇的酒楼里，沈青峰为什么要把那柄旧剑交给柳如烟保管？"
    exam = record("a", asked, "怕被夺走", split="test")
    near = record("b", asked.replace("为什么", "为何"), "怕被夺走", split="train")
    same = record("c", asked, "怕被夺走", split="train")
    edits.add("accept", [exam, near, same], "studio")
    assert kept(store, edits, exam, near, same) == [("a", "怕被夺走")]


def test_a_judges_refusal_counts_no_more_once_a_person_has_accepted(store: Store, edits: Edits) -> None:
    from jianghu.synth.decisions import Deciding

    one = record("a", ASKED, "秦夫人")
    store._db.execute("INSERT INTO verdicts VALUES ('a', 'judge', 'contradicted', '')")
    Deciding(store).filter_by("judge")
    assert kept(store, edits, one) == []
    edits.add("accept", [one], "studio")
    assert kept(store, edits, one) == [("a", "秦夫人")]


def test_a_change_meets_only_the_record_of_which_it_was_made(store: Store, edits: Edits) -> None:
    edits.add("reject", [record("a", ASKED, "秦夫人")], "studio")
    assert kept(store, edits, record("a", "一个新的问题？", "白无双")) == [("a", "白无双")]


def test_all_wordings_are_one_change(store: Store, edits: Edits) -> None:
    rows = [record(f"f-{n}", f"第{n}种问法，谁守住了断云岭？", "秦夫人", fact="f", wording=n) for n in (1, 2)]
    edits.add("reject", rows, "studio")
    assert kept(store, edits, *rows) == []
    assert {change.record.id for change in edits.undo("studio") if change.record} == {"f-1", "f-2"}
    assert len(kept(store, edits, *rows)) >= 1


def test_two_readers_of_one_file_see_each_others_changes(tmp_path: Path) -> None:
    one, other = Edits(tmp_path / "edits.jsonl"), Edits(tmp_path / "edits.jsonl")
    made = record("a", ASKED, "秦夫人")
    assert one.add("accept", [made], "studio") == 1
    assert other.add("reject", [made], "studio") == 2
    one.refresh()
    found = one.decision("a")
    assert found is not None
    assert found.verdict == "rejected"
    assert [(change.action, undone) for change, undone in one.history("a")] == [("accept", False), ("reject", False)]


def test_a_row_that_a_crash_left_unfinished_spoils_nothing_but_itself(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    Edits(path).add("reject", [record("a", ASKED, "秦夫人")], "studio")
    with path.open("ab") as out:
        out.write(b'{"n": 2, "at"')
    edits = Edits(path)
    edits.add("reject", [record("b", ASKED, "秦夫人")], "studio")
    assert {found.made.id for found in Edits(path).decisions()} == {"a", "b"}


def test_a_row_that_is_no_change_is_named(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    path.write_text('{"n": 1, "at": "", "origin": "me", "action": "reject"}\n{"n": 2}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"edits.jsonl, line 1"):
        Edits(path)


def test_an_answer_must_hold_its_short_answer() -> None:
    one = record("a", ASKED, "秦夫人")
    assert fields(one, answer="是铁掌柜。", aliases=["铁掌柜"]).aliases == ("铁掌柜",)
    with pytest.raises(ValidationError, match="short answer"):
        fields(one, answer="是铁掌柜。")


@given(st.lists(st.tuples(st.sampled_from(["accept", "reject", "edit", "undo"]), st.integers(0, 2)), max_size=12))
def test_undoing_is_never_having_done(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    """Against a list from which an undo takes the last entry."""
    path = tmp_path_factory.mktemp("edits") / "edits.jsonl"
    rows = [record(f"r{n}", f"第{n}个问题？", "秦夫人") for n in range(3)]
    edits = Edits(path)
    stand: list[tuple[Any, int, list[Fields]]] = []
    for action, which in steps:
        if action == "undo":
            assert bool(edits.undo("test")) == bool(stand)
            stand = stand[:-1]
        else:
            changed = [fields(rows[which], question=f"改过{len(stand)}？")] if action == "edit" else []
            edits.add(action, [rows[which]], "test", changed)  # type: ignore[arg-type]  # drawn from these
            stand.append((action, which, changed))
    fresh = Edits(path.with_name("fresh.jsonl"))
    for action, which, changed in stand:
        fresh.add(action, [rows[which]], "test", changed)
    assert Edits(path).digest() == edits.digest() == fresh.digest()


@pytest.fixture(scope="module")
def shelf_with_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("edited")
    (root / "books").mkdir()
    (root / "books/青峰录.txt").write_text(novel_text(6, 40), encoding="utf-8")
    names = {name: {"kind": "person"} for name in PEOPLE} | {name: {"kind": "place"} for name in PLACES}
    (root / "books/青峰录.lexicon.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    lines = "".join(json.dumps(fact, ensure_ascii=False) + "\n" for fact in FACTS)
    (root / "books/青峰录.facts.jsonl").write_text(lines, encoding="utf-8")
    (root / "jianghu.toml").write_text(RECIPE, encoding="utf-8")
    jianghu("prepare", cwd=root)
    jianghu("synth", "run", cwd=root)
    return root


def rows_of(root: Path, name: str = "train") -> dict[str, Record]:
    return {row["id"]: Record.from_dict(row) for row in read_jsonl(root / f"data/records/{name}.jsonl")}


def test_files_exports_and_staleness_follow(shelf_with_records: Path, tmp_path: Path) -> None:
    root = shelf_with_records
    before = rows_of(root)
    gone, changed = [row for row in before.values() if row.source == "cloze"][:2]
    whole = (root / "data/records/train.jsonl").read_bytes()
    edits = Edits(root / "edits.jsonl")
    edits.add("reject", [gone], "studio")
    edits.add("edit", [changed], "studio", [fields(changed, question="改过的问题是什么？")])
    passage = next(read_jsonl(root / "data/chapters.jsonl"))
    evidence = passage["text"][20:30]
    own = record("own-1", "我自己写的问题？", "沈青峰", source="written", chapter=1, start=3, end=9)
    edits.add("write", [own], "studio", group="own-1", evidence=evidence)
    assert "edits.jsonl is new" in str(synth_stale(Workspace(root), Workspace(root).recipe()))
    jianghu("synth", "export", str(tmp_path / "out"), cwd=root)
    assert (root / "data/records/train.jsonl").read_bytes() == whole, "an export changes nothing here"
    out = {row["id"]: row for row in read_jsonl(tmp_path / "out/train.jsonl")}
    jianghu("synth", "apply", cwd=root)
    after = rows_of(root)
    for found in (after, out):
        assert gone.id not in found
    assert after[changed.id].question == out[changed.id]["question"] == "改过的问题是什么？"
    assert after[changed.id].split == changed.split
    assert (after["own-1"].start, after["own-1"].end) == (20, 30), "the evidence is found where it stands"
    ws = Workspace(root)
    assert synth_stale(ws, ws.recipe()) is None
    jianghu("synth", "apply", cwd=root)
    assert rows_of(root) == after, "the same again"
    while edits.undo("studio"):
        pass
    assert "edits.jsonl is gone" in str(synth_stale(ws, ws.recipe()))
    jianghu("synth", "apply", cwd=root)
    assert (root / "data/records/train.jsonl").read_bytes() == whole


def test_a_fact_with_another_answer_is_stated_no_more(shelf_with_records: Path) -> None:
    root = shelf_with_records
    one = next(row for row in rows_of(root).values() if row.fact == "own-0")
    edits = Edits(root / "edits.jsonl")
    edits.add("edit", [one], "studio", [fields(one, answer="青霜剑。", short_answer="青霜剑")])
    jianghu("synth", "apply", cwd=root)
    stated = {row["fact"] for row in read_jsonl(root / "data/records/statements.jsonl")}
    assert "own-0" not in stated
    assert "own-1" in stated
    edits.undo("studio")


def test_lists_of_rows_survive_json(edits: Edits) -> None:
    made = record("a", "问：\u2028“谁”？", "秦夫人", aliases=("夫人", "秦氏"))
    edits.add("accept", [made], "studio")
    again = Edits(edits.path)
    assert again.decision("a") == edits.decision("a")
    assert json.loads(edits.path.read_text(encoding="utf-8"))["record"]["aliases"] == ["夫人", "秦氏"]
