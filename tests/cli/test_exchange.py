"""`synth import`, `export`, `judge` and `teachers` as a user meets them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PEOPLE, RECIPE, jianghu
from tests.llm.teacher_server import Act, TeacherServer, chat, items_for


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, novel: str) -> Path:
    """A workspace with one book and cloze records; nothing is trained in it."""
    root = tmp_path_factory.mktemp("prepared")
    (root / "books").mkdir()
    (root / "books" / "青峰录.txt").write_text(novel, encoding="utf-8")
    names = {name: {"aliases": [], "kind": "person"} for name in PEOPLE}
    (root / "books" / "青峰录.lexicon.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    (root / "jianghu.toml").write_text(RECIPE, encoding="utf-8")
    jianghu("prepare", cwd=root)
    jianghu("synth", "run", cwd=root)
    return root


@pytest.fixture
def desk(prepared: Path, tmp_path: Path) -> Path:
    """A copy of that workspace."""
    shutil.copytree(prepared, tmp_path / "desk")
    return tmp_path / "desk"


def facts(*arguments: object, cwd: Path) -> dict[str, Any]:
    return json.loads(jianghu("synth", *arguments, "--json", cwd=cwd).stdout)


def old_output(desk: Path) -> Path:
    """Questions about sentences of the book, as another program left them."""
    text = "".join(json.loads(line)["text"] for line in (desk / "data/chapters.jsonl").read_text("utf-8").splitlines())
    rows = []
    for sentence in re.findall(r"[^。”“\n]{20,60}。", text)[:40]:
        who = next((name for name in PEOPLE if name in sentence), None)
        if who:
            rows.append({"Question": f"《青峰录》里，{sentence[:14]}的时候，与此有关的人是谁？", "Answer": f"{who}。"})
    path = desk / "old.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def endpoint(desk: Path, server: TeacherServer) -> None:
    recipe = desk / "jianghu.toml"
    recipe.write_text(
        recipe.read_text("utf-8") + f'[synth.teacher]\nbase_url = "{server.url}"\nmodel = "m"\nkey_env = ""\n'
        "[synth.judge]\ncalibration_size = 10\n",
        encoding="utf-8",
    )


def judge_that(says: Callable[[str], bool]) -> Callable[[int, dict[str, Any]], Act]:
    def behave(number: int, body: dict[str, Any]) -> Act:
        support = "supported" if says(body["messages"][-1]["content"]) else "contradicted"
        return Act(body=chat(json.dumps({"because": "", "support": support, "self_contained": True, "complete": True})))

    return behave


def test_import_then_export_keeps_splits_and_counts(desk: Path) -> None:
    found = facts("import", old_output(desk), cwd=desk)
    assert found["accepted"] + sum(found["rejected"].values()) > 10
    assert found["accepted"] > 5
    rows = [
        json.loads(line)
        for split in ("train", "paraphrase", "val_paraphrase", "val", "test")
        for line in (desk / f"data/records/{split}.jsonl").open(encoding="utf-8")
    ]
    assert {row["source"] for row in rows} == {"cloze", "import"}
    first = facts("export", "out", "--to", "alpaca", cwd=desk)
    assert all(first.get(split, 0) == found[split] for split in ("train", "paraphrase", "val_paraphrase", "val"))
    splits = {row["question"]: row["split"] for row in rows}
    recipe = desk / "jianghu.toml"
    recipe.write_text(
        recipe.read_text("utf-8").replace("[synth]", "[synth]\nval_fraction = 0.4\nseed = 5"), encoding="utf-8"
    )
    facts("export", "other", cwd=desk)
    for split in ("train", "val", "test"):
        for line in (desk / f"other/{split}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            # One that was left out beside a cloze record of another split may stand now.
            if row["source"] == "import" and row["question"] in splits:
                assert row["split"] == splits[row["question"]] == split


def test_an_import_says_what_became_of_every_row(desk: Path) -> None:
    """Also where nothing is accepted, and where the file was imported before."""
    rows = [
        {"question": "文中的他去了哪里？", "answer": "青石镇。"},
        {"title": "no pair"},
        {"question": "谁？", "answer": "。"},
    ]
    bad = desk / "bad.jsonl"
    bad.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    for _ in range(2):
        found = facts("import", bad, cwd=desk)
        assert (found["rows"], found["accepted"]) == (3, 0)
        assert sum(found["rejected"].values()) == 3
    said = jianghu("synth", "import", bad, cwd=desk).stdout
    assert "3 rows, 0 accepted; not accepted: " in said
    assert "imported before" in said
    good = old_output(desk)
    first, second = facts("import", good, cwd=desk), facts("import", good, cwd=desk)
    assert second["imported_before"] == ["old.json"]
    assert [first[name] for name in ("rows", "accepted", "train")] == [
        second[name] for name in ("rows", "accepted", "train")
    ]
    undone = facts("import", "--undo", cwd=desk)
    assert undone["taken_back"] == ["old.json"]
    assert undone["train"] < first["train"]
    assert jianghu("synth", "import", cwd=desk, check=False).returncode == 2


def test_records_stay_whatever_is_asked_next(desk: Path) -> None:
    def sources(desk: Path) -> set[str]:
        return {json.loads(line)["source"] for line in (desk / "data/records/train.jsonl").open(encoding="utf-8")}

    assert sources(desk) == {"cloze"}
    with TeacherServer() as server:
        endpoint(desk, server)
        said = jianghu("synth", "run", "--strategy", "passage", "--max-passages", 6, cwd=desk).stdout
    assert sources(desk) == {"cloze", "passage"}
    assert "6 of 6 requests answered" in said
    assert "{" not in said
    jianghu("synth", "run", "--strategy", "cloze", cwd=desk)
    assert sources(desk) == {"cloze", "passage"}
    recipe = desk / "jianghu.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("[synth]\n", '[synth]\nexclude = ["passage"]\n'), "utf-8")
    jianghu("synth", "run", cwd=desk)
    assert sources(desk) == {"cloze"}


def test_a_judge_that_fails_may_not_filter(desk: Path) -> None:
    facts("import", old_output(desk), cwd=desk)
    before = (desk / "data/records/train.jsonl").read_bytes()
    with TeacherServer(judge_that(lambda prompt: True)) as server:
        endpoint(desk, server)
        ended = jianghu("synth", "judge", "--filter", cwd=desk, check=False)
        assert ended.returncode == 1
        assert "not good enough to filter" in ended.stderr
        assert (desk / "data/records/train.jsonl").read_bytes() == before
        found = facts("judge", "--calibrate", cwd=desk)
        assert found["recall"].startswith("0.0%")
        assert found["may_filter"].startswith("no")


def test_a_judge_that_measures_well_filters_and_the_filter_comes_off(desk: Path) -> None:
    old = old_output(desk)
    facts("import", old, cwd=desk)
    pairs = {(row["Question"], row["Answer"]) for row in json.loads(old.read_text("utf-8"))}
    text = "".join(json.loads(line)["text"] for line in (desk / "data/chapters.jsonl").read_text("utf-8").splitlines())
    doomed = "顾长风"

    def knows(prompt: str) -> bool:
        question, answer = re.search(r"问题：(.*)\n\n答案：(.*)\n", prompt).groups()  # type: ignore[union-attr]
        quote = prompt.split("引文：\n")[1].split("\n\n引文之后")[0]
        start = question.removeprefix("《青峰录》里，")[:10]
        return (question, answer) in pairs and quote in text and start in prompt and doomed not in answer

    with TeacherServer(judge_that(knows)) as server:
        endpoint(desk, server)
        recipe = desk / "jianghu.toml"
        found = facts("judge", cwd=desk)
        assert found["judged"] > 0
        assert "95 % interval" in found["judged_wrong"]
        assert recipe.exists()
        assert facts("judge", "--no-filter", cwd=desk)["filter"] == "off"


def test_teachers_are_compared_on_the_same_passages(desk: Path) -> None:
    def behave(number: int, body: dict[str, Any]) -> Act:
        if "引文" in body["messages"][-1]["content"] and "<passage>" not in body["messages"][-1]["content"]:
            return judge_that(lambda prompt: True)(number, body)
        if body["model"] == "mumbles":
            return Act(body=chat("好的，以下是问答。"))
        items = items_for(body)
        if body["model"] == "invents":
            items[0]["evidence"] = "书里没有这样一句话，是编出来的。"
        return Act(body=chat(json.dumps({"records": items}, ensure_ascii=False)))

    with TeacherServer(behave) as server:
        endpoint(desk, server)
        arguments = ("teachers", "--models", "good,invents,mumbles", "--passages", 4, "--judged", 3)
        before = facts(*arguments, "--dry-run", cwd=desk)
        assert [row["to_ask"] for row in before["stages"]] == [4, 4, 4, 9]
        assert server.seen == []
        good, invents, mumbles = facts(*arguments, cwd=desk)["teachers"]
        asked = len(server.seen)
        assert facts(*arguments, cwd=desk)["teachers"][0]["accepted"] == good["accepted"]
        assert len(server.seen) == asked  # nothing is asked twice
    assert [row["passages"] for row in (good, invents)] == [4, 4]
    assert good["rejected_quotes"].startswith("0.0%")
    assert not invents["rejected_quotes"].startswith("0.0%")
    assert mumbles["records"] == 0
    assert not mumbles["JSON_failures"].startswith("0 ")
    assert good["judged_wrong"].startswith("0.0%")
    assert float(good["distinct_2"]) > 0
    assert not (desk / "teachers").samefile(desk)


def test_bad_input_is_told_in_one_line(desk: Path) -> None:
    for arguments, words in (
        (("import", "nowhere.json"), "no such file"),
        (("judge",), "nothing to judge"),
        (("teachers", "--models", "a,a"), "different names"),
        (("export", "books"), "other files"),
    ):
        ended = jianghu("synth", *arguments, cwd=desk, check=False)
        assert ended.returncode == 2
        assert words in ended.stderr
        assert ended.stderr.count("\n") == 1
