"""The list of all records: what is in it, what is found in it, and that it follows what changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghu.corpus import Passage
from jianghu.errors import InputError
from jianghu.files import write_jsonl
from jianghu.llm.store import Item, Reply, Store, ask
from jianghu.recipe import SynthSettings
from jianghu.records import Record
from jianghu.synth.browse import Filter, RecordIndex, RecordSearch
from jianghu.synth.edits import Edits, Fields
from jianghu.workspace import Workspace
from tests.synth.records import record
from tests.synth.shelf import BOOK, chapters

SETTINGS = SynthSettings()


class Shelf:
    """A workspace with records, its index and what is asked of it."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        (root / "jianghu.toml").write_text('preset = "demo"\n', encoding="utf-8")
        self.ws = Workspace(root)
        self.edits = Edits(self.ws.edits)
        self.index = RecordIndex(self.ws, SETTINGS)
        self.search = RecordSearch(self.index)

    def write(self, name: str, *rows: Record) -> None:
        write_jsonl(self.ws.records / f"{name}.jsonl", (row.to_dict() for row in rows))

    def ids(self, **wanted: object) -> list[str]:
        return [row.id for row in self.search.page(Filter(**wanted)).rows]  # type: ignore[arg-type]

    def refresh(self) -> bool:
        return self.index.refresh(self.edits)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def test_records_of_the_files_are_found_by_what_they_are_and_say(shelf: Shelf) -> None:
    shelf.write(
        "train",
        record("a", "沈青峰在哪里遇见柳如烟？", "落雁坡", kind="where", chapter=1, start=4, end=9),
        record("b", "谁夺下了断云岭？", "秦夫人", kind="who", chapter=2, source="cloze", aliases=("夫人",)),
        record("c", "Who is Dr Watson?", "A doctor", book="Holmes", kind="who"),
    )
    shelf.write("test", record("d", "何人守住寒潭寺？", "白无双", split="test", chapter=1, start=1, end=3))
    assert shelf.refresh()
    assert not shelf.refresh(), "nothing changed"
    assert shelf.ids() == ["a", "b", "c", "d"]
    assert shelf.ids(book=BOOK, chapter=1) == ["d", "a"], "a chapter is read in its order"
    assert shelf.ids(kind="who") == ["b", "c"]
    assert shelf.ids(source="cloze") == ["b"]
    assert shelf.ids(state="test") == ["d"]
    assert shelf.ids(text="青峰") == shelf.ids(text="峰") == shelf.ids(text="青峰在哪里") == ["a"]
    assert shelf.ids(text="夫人") == ["b"]
    assert shelf.ids(text="watson") == shelf.ids(text="Dr wats") == ["c"]
    assert shelf.ids(text="青烟") == [], "pairs that are in no order of the text"
    assert shelf.ids(text="？ 谁") == ["b"]
    assert shelf.ids(person=("柳如烟", "白无双")) == ["a", "d"]
    assert shelf.ids(person=("柳如烟", "白无双"), state="test") == ["d"]


def test_pages_follow_each_other_without_gaps(shelf: Shelf) -> None:
    shelf.write(
        "train",
        *(record(f"r{n}", f"第{n}个问题？", "答案", chapter=1 + n % 2, start=90 - n, end=99) for n in range(30)),
    )
    shelf.refresh()
    for wanted in (Filter(), Filter(text="问题"), Filter(book=BOOK, chapter=1), Filter(chapter=1, text="问题")):
        seen, after = [], ""
        while True:
            page = shelf.search.page(wanted, after, 7)
            seen += [row.id for row in page.rows]
            after = page.after
            if not after:
                break
        assert len(seen) == len(set(seen)) == page.total == len(shelf.search.page(wanted, "", 100).rows)
        assert seen == [row.id for row in shelf.search.page(wanted, "", 100).rows]


def test_files_that_change_are_followed_line_by_line(shelf: Shelf) -> None:
    one, other = record("a", "谁夺下了断云岭？", "秦夫人"), record("b", "何人守住寒潭寺？", "白无双")
    shelf.write("train", one, other)
    shelf.refresh()
    shelf.write("train", one.model_copy(update={"question": "谁失去了断云岭？"}))
    shelf.write("test", other.model_copy(update={"split": "test"}))
    assert shelf.refresh()
    assert shelf.ids(text="夺下") == []
    assert shelf.ids(text="失去") == ["a"]
    assert shelf.ids(state="test") == ["b"]
    shelf.write("test")
    shelf.refresh()
    assert shelf.ids() == ["a"]


def test_what_a_person_decides_shows_at_once_and_goes_with_its_undo(shelf: Shelf) -> None:
    one = record("a", "谁夺下了断云岭？", "秦夫人")
    shelf.write("train", one)
    shelf.refresh()
    shelf.edits.add(
        "edit", [one], "studio", [Fields(question="谁丢了断云岭？", answer="秦夫人", short_answer="秦夫人", kind="who")]
    )
    shelf.index.take(shelf.edits, ["a"])
    assert shelf.ids(text="丢了", mine="edited", kind="who") == ["a"]
    assert shelf.ids(mine="none") == []
    own = record("own-1", "我写的问题？", "沈青峰", source="written")
    shelf.edits.add("write", [own], "studio", group="own-1")
    assert shelf.refresh(), "also what another process appended"
    assert shelf.ids(mine="written") == ["own-1"]
    shelf.edits.undo("studio")
    shelf.edits.undo("studio")
    shelf.index.take(shelf.edits, ["a", "own-1"])
    assert shelf.ids() == shelf.ids(mine="none", text="夺下") == ["a"]


def test_a_rejected_record_stays_in_the_list_when_it_has_gone_from_the_files(shelf: Shelf) -> None:
    one = record("a", "谁夺下了断云岭？", "秦夫人")
    shelf.write("train", one, record("b", "何人守住寒潭寺？", "白无双"))
    shelf.refresh()
    shelf.edits.add("reject", [one], "studio")
    shelf.write("train", record("b", "何人守住寒潭寺？", "白无双"))
    shelf.refresh()
    assert shelf.ids(mine="rejected") == ["a"]
    assert shelf.search.one("a").state == "new"  # type: ignore[union-attr]  # it is there


def test_the_store_brings_what_is_not_written_and_what_was_refused(shelf: Shelf) -> None:
    book = chapters(2)
    good = {
        "question": "谁夺下了断云岭？",
        "answer": "秦夫人",
        "short_answer": "秦夫人",
        "kind": "who",
        "aliases": [],
        "start": 2,
        "end": 6,
    }
    bad = {"question": "他后来怎样了？", "answer": "死了", "evidence": book[0].text[40:50]}
    with Store(shelf.ws.store) as store:
        store.shelve(book)
        number, _ = store.begin_plan("passage", "x")
        passage = Passage(BOOK, 1, 30, 90, book[0].text[30:90])
        body = {"messages": [{"role": "user", "content": "?"}], "schema": None}
        store.plan(number, [ask("passage", "ask", "m", body, passage=passage)])  # type: ignore[arg-type]  # enough of one
        store.end_plan(number)
        (taken,) = store.take(number, 1, 1, 0.0)[1]
        store.add_replies([(taken.id, Reply("ok", "[]", "stop"))])
        items = [Item("accepted", good), Item("leans on the passage", bad), Item("not JSON", {})]
        store.enter_items(number, [(taken.id, items, [])])
    assert shelf.refresh()
    fresh, refused = shelf.search.page(Filter()).rows
    assert (fresh.state, fresh.start, fresh.question) == ("new", 32, good["question"])
    assert (refused.state, refused.chapter, refused.start, refused.end) == ("leans on the passage", 1, 40, 50)
    assert refused.record.short_answer == "死了"
    made = fresh.record.model_copy(update={"split": "train"})
    shelf.write("train", made)
    shelf.refresh()
    assert shelf.search.one(made.id).state == "train"  # type: ignore[union-attr]
    assert shelf.search.counts("state") == {"leans on the passage": 1, "train": 1}
    assert not shelf.refresh()
    with Store(shelf.ws.store) as store:
        store._db.execute("INSERT INTO duplicates VALUES (?, 'x', 'repeat', 1.0)", (made.id,))
    shelf.write("train")
    shelf.refresh()
    assert shelf.search.one(made.id).state == "repeat"  # type: ignore[union-attr]


def test_a_damaged_index_is_made_anew(shelf: Shelf) -> None:
    shelf.write("train", record("a", "谁夺下了断云岭？", "秦夫人"))
    shelf.index.path.write_bytes(b"no database" * 1000)
    again = Shelf(shelf.ws.root)
    again.refresh()
    assert again.ids() == ["a"]


def test_a_line_that_is_no_record_is_named(shelf: Shelf) -> None:
    shelf.write("train", record("a", "谁？", "他"))
    with (shelf.ws.records / "train.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps({"id": "b"}) + "\n")
    with pytest.raises(InputError, match=r"train.jsonl, line 2"):
        shelf.refresh()


TEXT = st.text(st.sampled_from("沈青峰夺下断云岭 AbC12，？_\"'"), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip())
)


@given(st.lists(TEXT, min_size=1, max_size=6), st.data())
def test_every_piece_of_chinese_is_found_where_it_stands(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("browse"))
    rows = [record(f"r{n}", text, "答") for n, text in enumerate(texts)]
    shelf.write("train", *rows)
    shelf.refresh()
    whole = "".join(character for character in data.draw(st.sampled_from(texts)) if character in "沈青峰夺下断云岭")
    begin = data.draw(st.integers(0, max(0, len(whole) - 1)))
    piece = whole[begin : begin + data.draw(st.integers(1, 4))]
    expected = [row.id for row in rows if piece in row.question] if piece else [row.id for row in rows]
    assert shelf.ids(text=piece) == expected
