"""The routes of the records: found, read beside their passages, decided on; on a small prepared shelf."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jianghu.corpus import Passage, read_chapters
from jianghu.errors import JianghuError
from jianghu.files import read_jsonl
from jianghu.jobs import Jobs
from jianghu.llm.store import Item, Reply, Store, ask
from jianghu.messages import chinese, use_language
from jianghu.serving.errors import ApiError, install
from jianghu.studio.context import Studio
from jianghu.studio.events import Events
from jianghu.studio.records_api import router
from jianghu.synth.edits import Edits
from jianghu.workspace import Workspace

from ..conftest import FACTS, PEOPLE, RECIPE, jianghu
from .conftest import BOOK
from .running import until


class Room:
    """The routes of one workspace."""

    def __init__(self, root: Path) -> None:
        self.ws = Workspace(root)
        app = FastAPI()
        install(app)
        app.add_exception_handler(JianghuError, lambda request, error: ApiError(400, str(error)).response())
        app.include_router(router(Studio(self.ws, self.ws.recipe().serve, Jobs(root), Events())))
        self.client = TestClient(app, raise_server_exceptions=False)

    def get(self, path: str = "", **query: Any) -> Any:
        reply = self.client.get(f"/studio/records{path}", params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, body: object, status: int = 200) -> Any:
        reply = self.client.post(f"/studio/records{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def ready(self) -> Any:
        """The first page, when everything has been read and the people are known."""
        until(lambda: not self.get()["reading"] and self.get("/about")["books"][0]["people"])
        return self.get()


@pytest.fixture
def room(recorded: Path, tmp_path: Path) -> Room:
    return Room(Path(shutil.copytree(recorded, tmp_path / "shelf")))


def fields(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: record[name] for name in ("question", "answer", "short_answer", "kind")} | changes


def test_nothing_is_prepared_yet(tmp_path: Path) -> None:
    (tmp_path / "jianghu.toml").write_text(RECIPE, encoding="utf-8")
    room = Room(tmp_path)
    reply = room.client.get("/studio/records")
    assert reply.status_code == 404
    assert "prepare" in reply.json()["error"]["message"]


def test_records_are_listed_chosen_and_searched(room: Room) -> None:
    page = room.ready()
    written = [row for path in room.ws.records.glob("*.jsonl") if path.stem != "statements" for row in read_jsonl(path)]
    assert page["total"] == len(written)
    assert not page["unapplied"]
    assert not page["can_undo"]
    about = room.get("/about")
    assert about["records"] == len(written)
    assert about["books"][0]["people"][0] in PEOPLE
    assert {row["value"] for row in about["sources"]} == {"cloze", "written"}
    for kind in about["kinds"]:
        assert room.get(kind=kind["value"])["total"] == kind["count"]
    found = room.get(q="断水剑")["records"]
    assert found
    assert all("断水剑" in row["question"] + row["answer"] for row in found)
    people = room.get(person="沈青峰", limit=200)["records"]
    assert all(any(form in row["question"] + row["answer"] for form in ("沈青峰", "沈大侠")) for row in people)
    first = room.get(limit=10)
    assert room.get(limit=10, after=first["after"])["records"][0]["id"] not in {row["id"] for row in first["records"]}
    assert room.client.get("/studio/records", params={"after": "x'); --"}).status_code == 400


def test_labels_are_in_the_readers_language(room: Room) -> None:
    room.ready()
    use_language("zh")
    try:
        labels = {row["value"]: row["label"] for row in room.get("/about")["states"]}
        assert labels["train"] == chinese()["to learn"]
    finally:
        use_language(None)


def test_a_record_stands_beside_its_passage_with_the_evidence_marked(room: Room) -> None:
    row = next(one for one in room.ready()["records"] if one["source"] == "cloze")
    found = room.get("/one", id=row["id"])
    kept = next(one for one in read_jsonl(room.ws.records / f"{row['state']}.jsonl") if one["id"] == row["id"])
    chapter = next(one for one in read_jsonl(room.ws.chapters) if one["chapter"] == kept["chapter"])
    passage = found["passage"]
    assert passage["inside"] == chapter["text"][kept["start"] : kept["end"]]
    assert passage["before"] + passage["inside"] + passage["after"] == chapter["text"]
    assert room.client.get("/studio/records/one", params={"id": "x"}).status_code == 404


def test_decisions_show_at_once_are_kept_and_can_be_taken_back(room: Room) -> None:
    first, second = room.ready()["records"][:2]
    reply = room.post("/decide", {"id": first["id"], "action": "reject"})
    assert [row["mine"] for row in reply["records"]] == ["rejected"]
    assert reply["unapplied"]
    changed = fields(second, question="改过的问题？")
    assert room.post("/edit", {"id": second["id"], "fields": changed})["records"][0]["mine"] == "edited"
    assert [row["id"] for row in room.get(mine="edited", q="改过")["records"]] == [second["id"]]
    one = room.get("/one", id=second["id"])
    assert one["made"]["question"] == second["question"]
    assert [(row["action"], row["undone"]) for row in one["history"]] == [("edit", False)]
    assert Room(room.ws.root).ready()["unapplied"], "another server knows it"
    back = room.post("/undo", {})
    assert (back["undone"], back["ids"]) == ("edit", [second["id"]])
    assert room.post("/undo", {})["records"][0]["mine"] == ""
    assert room.post("/undo", {})["undone"] is None
    assert not room.get()["unapplied"]


def test_what_was_decided_is_written_and_stays_in_the_list(room: Room) -> None:
    first = room.ready()["records"][0]
    room.post("/decide", {"id": first["id"], "action": "reject"})
    jianghu("synth", "apply", cwd=room.ws.root)
    until(lambda: room.get(mine="rejected")["records"][0]["state"] == "new")
    assert not room.get()["unapplied"]
    room.post("/undo", {"id": first["id"]})
    assert room.get(mine="rejected")["total"] == 0
    assert room.get()["unapplied"]


def test_the_answer_goes_to_all_wordings_of_a_fact(room: Room) -> None:
    room.ready()
    one = room.get(q="断水剑", source="written")["records"][0]
    changed = fields(one, answer="青霜剑。", short_answer="")
    reply = room.post("/edit", {"id": one["id"], "fields": changed, "wordings": True})
    wordings = len(list(FACTS[0]["questions"]))  # type: ignore[call-overload]  # a list
    assert len(reply["records"]) == wordings
    assert {row["short_answer"] for row in reply["records"]} == {"青霜剑"}
    assert len({row["question"] for row in reply["records"]}) == len(reply["records"])
    assert len(room.post("/undo", {})["records"]) == wordings


def test_one_writes_ones_own_with_evidence_from_the_chapter(room: Room) -> None:
    room.ready()
    chapter = room.get("/chapter", book=BOOK, chapter=2)
    evidence = chapter["text"][50:70]
    own = {"question": "我写的问题？", "answer": "沈青峰。他来了。", "kind": "who"}
    reply = room.post("/write", {"fields": own, "book": BOOK, "chapter": 2, "evidence": f" {evidence} "})
    (row,) = reply["records"]
    assert (row["mine"], row["short_answer"]) == ("written", "沈青峰")
    assert room.get("/one", id=row["id"])["passage"]["inside"] == evidence
    more = room.post("/write", {"fields": {**own, "question": "换一种问法？"}, "like": row["id"]})["records"][0]
    assert more["wording"] == 2
    jianghu("synth", "apply", cwd=room.ws.root)
    kept = {one["id"]: one for name in ("train", "paraphrase") for one in read_jsonl(room.ws.records / f"{name}.jsonl")}
    assert kept[row["id"]]["fact"] == kept[more["id"]]["fact"] == row["id"]
    refused = room.post("/write", {"fields": own, "book": BOOK, "chapter": 2, "evidence": "书里没有"}, 400)
    assert "word for word" in refused["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"question": " "}, "question"), ({"answer": ""}, "answer"), ({"short_answer": "别的"}, "short answer")],
)
def test_what_is_no_record_is_refused_in_words(room: Room, changes: dict[str, str], why: str) -> None:
    first = room.ready()["records"][0]
    reply = room.post("/edit", {"id": first["id"], "fields": fields(first, **changes)}, 400)
    assert why in reply["error"]["message"]
    assert not Edits(room.ws.edits).last


def test_two_pages_decide_at_once_and_nothing_is_lost(room: Room) -> None:
    rows, other = room.ready()["records"][:20], Room(room.ws.root)
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit((room, other)[n % 2].post, "/decide", {"id": row["id"], "action": "accept"})
            for n, row in enumerate(rows)
        ]
        for job in jobs:
            job.result()
    assert {found.made.id for found in Edits(room.ws.edits).decisions()} == {row["id"] for row in rows}
    until(lambda: room.get(mine="accepted")["total"] == len(rows))


def test_coverage_counts_by_chapter_and_kind(room: Room) -> None:
    first = next(row for row in room.ready()["records"] if row["chapter"])
    before = room.get("/coverage")
    chapters = before["books"][0]["chapters"]
    assert [row["chapter"] for row in chapters] == [1, 2, 3, 4, 5, 6]
    placed = sum(sum(row["kinds"].values()) for row in chapters)
    assert placed + before["books"][0]["nowhere"] == room.get()["total"]
    assert set(before["labels"]) == set(before["kinds"])
    room.post("/decide", {"id": first["id"], "action": "reject"})
    after = room.get("/coverage")["books"][0]["chapters"][first["chapter"] - 1]
    assert sum(after["kinds"].values()) == sum(chapters[first["chapter"] - 1]["kinds"].values()) - 1
    assert (after["rejected"], after["decided"]) == (1, 1)


def test_the_teachers_work_is_told(room: Room) -> None:
    assert room.get("/teacher") == {**room.get("/teacher"), "asked": False, "total": 0}
    with Store(room.ws.store) as store:
        number, _ = store.begin_plan("facts", "x")
        body: Any = {"messages": [{"role": "user", "content": "?"}], "schema": None}
        store.plan(number, [ask("facts", "facts", "m", body, slot=str(n)) for n in range(3)])
        ((taken, *_),) = (store.take(number, 1, 1, 0.0)[1],)
        store.add_replies([(taken.id, Reply("ok", "[]", "stop", tokens_in=10, tokens_out=5, cost=0.25))])
        store.enter_items(number, [(taken.id, [Item("too long", {"question": "?"})], [])])
    found = room.get("/teacher")
    assert found["asked"]
    assert (found["total"], found["left"], found["cost"], found["tokens"]) == (3, 2, 0.25, 15)
    assert found["rejected"] == [{"value": "too long", "label": "too long", "count": 1}]


def test_what_a_check_refused_is_taken_up_and_goes_back_whole(room: Room) -> None:
    text = next(read_jsonl(room.ws.chapters))["text"]
    with Store(room.ws.store) as store:
        store.shelve(read_chapters(room.ws.chapters))
        number, _ = store.begin_plan("facts", "x")
        body: Any = {"messages": [{"role": "user", "content": "?"}], "schema": None}
        passage = Passage(BOOK, 1, 20, 120, text[20:120])
        store.plan(number, [ask("facts", "facts", "m", body, passage=passage)])
        (taken,) = store.take(number, 1, 1, 0.0)[1]
        store.add_replies([(taken.id, Reply("ok", "[]", "stop"))])
        said = {"question": "他后来怎样了？", "answer": "走了", "evidence": text[40:60]}
        store.enter_items(number, [(taken.id, [Item("leans on the passage", said)], [])])
    until(lambda: room.get(state="leans on the passage")["total"] == 1)
    (row,) = room.get(state="leans on the passage")["records"]
    assert room.get("/one", id=row["id"])["passage"]["inside"] == text[40:60]
    assert "already" in room.post("/decide", {"id": row["id"], "action": "reject"}, 400)["error"]["message"]
    assert room.post("/decide", {"id": row["id"], "action": "accept"})["records"][0]["mine"] == "accepted"
    room.post("/undo", {})
    changed = fields(row, question="沈青峰后来怎样了？", answer="走了。")
    assert room.post("/edit", {"id": row["id"], "fields": changed})["records"][0]["mine"] == "edited"
    jianghu("synth", "apply", cwd=room.ws.root)
    names = ("train", "val", "test", "paraphrase")
    kept = [one for name in names for one in read_jsonl(room.ws.records / f"{name}.jsonl") if one["id"] == row["id"]]
    assert [(one["question"], one["start"], one["end"]) for one in kept] == [("沈青峰后来怎样了？", 40, 60)]
    room.post("/undo", {})
    jianghu("synth", "apply", cwd=room.ws.root)
    until(lambda: room.get("/one", id=row["id"])["state"] == "leans on the passage")
    back = room.get("/one", id=row["id"])
    assert (back["question"], back["mine"]) == ("他后来怎样了？", "")


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_shown(room: Room) -> None:
    total = room.ready()["total"]
    with (room.ws.records / "train.jsonl").open("a", encoding="utf-8") as out:
        out.write("{}\n")
    until(lambda: "train.jsonl, line" in room.get()["problem"])
    page = room.get()
    assert page["total"] == total
    assert room.get("/about")["books"][0]["people"]


@pytest.fixture(autouse=True)
def _rest() -> Iterator[None]:
    """Threads of the room end before its folder goes."""
    yield
    for thread in threading.enumerate():
        if thread.name == "records":
            thread.join(10)
