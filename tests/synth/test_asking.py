"""The commands around a run: what it will cost, a first look, where it stands."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jianghu.llm.prompts import Prompts
from jianghu.llm.status import status
from jianghu.llm.store import Reader, Store
from jianghu.recipe import AccountSettings, SynthSettings, TeacherSettings, load_recipe, to_toml
from tests.conftest import PEOPLE, jianghu, novel_text
from tests.llm.plain import run_plain
from tests.llm.teacher_server import Act, TeacherServer, good
from tests.synth.shelf import chapters, lexicon, synth_settings


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("A_KEY", "sk-secret-cli-1234")
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "青峰录.txt").write_text(novel_text(4, 30), encoding="utf-8")
    (tmp_path / "jianghu.toml").write_text(
        'preset = "demo"\n[tokenizer]\nvocab_size = 600\n[split]\nstretch_chars = 600\ngap_chars = 60\n'
        '[synth]\nstrategies = ["passage"]\npassage_chars = 120\n'
        '[synth.teacher]\nbase_url = "URL"\nmodel = "m"\nkey_env = "A_KEY"\n',
        encoding="utf-8",
    )
    jianghu("prepare", cwd=tmp_path)
    return tmp_path


def point(ws: Path, url: str) -> None:
    path = ws / "jianghu.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("URL", url), encoding="utf-8")


def test_costs_first_then_a_look_then_the_whole(ws: Path) -> None:
    prices = ("--price-in", "1", "--price-out", "10")
    with TeacherServer() as server:
        point(ws, server.url)
        told = json.loads(jianghu("synth", "run", "--dry-run", *prices, "--json", cwd=ws).stdout)
        assert server.seen == []
        assert told["total"]["to_ask"] == told["total"]["requests"] > 20
        assert told["total"]["cost"] > 0
        rows = json.loads(jianghu("synth", "preview", "3", "--json", cwd=ws).stdout)
        assert len(server.seen) == len(rows) == 3
        assert {item["verdict"] for row in rows for item in row["items"]} >= {"accepted"}
        shown = jianghu("synth", "preview", "2", cwd=ws).stdout
        assert "✓" in shown
        assert len(server.seen) == 5
        later = json.loads(jianghu("synth", "run", "--dry-run", *prices, "--json", cwd=ws).stdout)
        assert later["total"]["to_ask"] == told["total"]["to_ask"] - 5
        # 100 tokens in and 50 out, as the replies said, in proportion to the length of the prompts still to be asked.
        assert later["total"]["cost"] == pytest.approx(later["total"]["to_ask"] * 600e-6, rel=0.01)
        assert "Nothing was sent" in jianghu("synth", "run", "--dry-run", cwd=ws).stdout
        facts = json.loads(jianghu("synth", "run", "--limit", "7", "--json", cwd=ws).stdout)
        assert facts["teacher"]["ended"] == "the limit of 7 requests is reached"
        assert len(server.seen) == 12
        facts = json.loads(jianghu("synth", "run", "--json", cwd=ws).stdout)
        assert len(server.seen) == told["total"]["requests"] == facts["teacher"]["done"]
    found = json.loads(jianghu("synth", "status", "--json", cwd=ws).stdout)
    assert found["sendings"] == {"ok": told["total"]["requests"]}
    assert (found["left"], found["running"]) == (0, False)
    shown = jianghu("synth", "status", cwd=ws).stdout
    assert "passage/records" in shown
    assert "sk-secret" not in shown + json.dumps(found)


def test_a_budget_in_money_needs_prices(ws: Path) -> None:
    ended = jianghu("synth", "run", "--budget", "5", cwd=ws, check=False)
    assert ended.returncode == 2
    assert "price_in" in ended.stderr


def test_no_strategy_that_asks(ws: Path) -> None:
    ended = jianghu("synth", "preview", "--strategy", "cloze", cwd=ws, check=False)
    assert ended.returncode == 2
    assert "asks a teacher" in ended.stderr


def test_status_before_anything(ws: Path) -> None:
    ended = jianghu("synth", "status", cwd=ws, check=False)
    assert ended.returncode == 2
    assert "synth run" in ended.stderr


def test_status_from_beside_a_run(tmp_path: Path) -> None:
    enough, seen = threading.Event(), []

    def behave(number: int, body: dict) -> Act:
        if number == 6:
            with Reader(tmp_path / "s.sqlite") as reader:
                seen.append(status(reader))
            enough.set()
        return good(number, body)

    with TeacherServer(behave) as server, Store(tmp_path / "s.sqlite") as store:
        run_plain(chapters(), store, synth_settings(server.url, teacher={"concurrency": 2}))
    assert enough.is_set()
    assert seen[0]["requests"]["plain/round 1"]["sent"] >= 1
    assert 0 < seen[0]["sendings"]["ok"] <= 6


@pytest.mark.slow  # starts two programs
def test_status_and_coverage_from_a_second_terminal(ws: Path) -> None:
    found: list[dict] = []

    def look(*arguments: str) -> dict:
        command = [sys.executable, "-m", "jianghu", "-C", str(ws), "synth", *arguments, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)

    def behave(number: int, body: dict) -> Act:
        if number == 8:  # one at a time: eight are answered and read
            found.extend([look("coverage"), look("status")])
        return good(number, body)

    lexicon().write(ws / "books" / "青峰录.lexicon.json")
    with TeacherServer(behave) as server:
        point(ws, server.url)
        jianghu("synth", "run", "--concurrency", 1, "--timeout", 600, "--limit", 10, cwd=ws)
    covered, state = found
    assert state["sendings"] == {"ok": 8}
    (book,) = covered.values()
    assert sum(chapter["records"] for chapter in book["chapters"]) == state["records"] > 0
    assert state["coverage"]["青峰录"] == book["brief"]
    assert book["brief"]["people"] == len(PEOPLE)
    assert book["brief"]["people_without_questions"] == len(book["people"]["silent"])
    shown = jianghu("synth", "coverage", cwd=ws).stdout
    assert shown.count("█") > 4
    assert "without questions" in shown
    assert "4 chapters, 4 without facts" in jianghu("synth", "status", cwd=ws).stdout


def test_coverage_before_anything(ws: Path) -> None:
    ended = jianghu("synth", "coverage", cwd=ws, check=False)
    assert (ended.returncode, "no store yet" in ended.stderr) == (2, True)
    jianghu("synth", "run", "--strategy", "cloze", cwd=ws)
    (book,) = json.loads(jianghu("synth", "coverage", "--json", cwd=ws).stdout).values()
    names = ("train", "paraphrase", "val_paraphrase", "val", "test")
    rows = [json.loads(line) for name in names for line in (ws / f"data/records/{name}.jsonl").open(encoding="utf-8")]
    made, placed = len(rows), sum(row["chapter"] is not None for row in rows)  # of an absent person there is no place
    assert book["brief"]["records"] == placed > 0  # those that no teacher was asked for cover as well
    told = json.loads(jianghu("synth", "status", "--json", cwd=ws).stdout)
    assert told["records"] == 0
    assert sum(counts.get("cloze", 0) for counts in told["written"].values()) == made
    assert ["train", f"{sum(told['written']['train'].values()):,}"] in [
        line.split()[:2] for line in jianghu("synth", "status", cwd=ws).stdout.splitlines()
    ]


def test_a_dry_run_changes_nothing_of_what_is_kept(ws: Path) -> None:
    with TeacherServer() as server:
        point(ws, server.url)
        jianghu("synth", "run", "--limit", 5, cwd=ws)
        before = jianghu("synth", "export", "one", cwd=ws).stdout
        told = json.loads(jianghu("synth", "run", "--dry-run", "--model", "other", "--json", cwd=ws).stdout)
        assert told["total"]["answered"] == 0  # by that model
        assert len(server.seen) == 5
    assert jianghu("synth", "export", "one", cwd=ws).stdout == before


def test_prompts_are_copied_to_be_edited_and_an_edited_one_is_never_written_over(ws: Path) -> None:
    def prompts(*arguments: str) -> dict[str, dict]:
        rows = json.loads(jianghu("synth", "prompts", *arguments, "--json", cwd=ws).stdout)
        return {row["name"]: row for row in rows}

    assert list(prompts()) == ["passage", "correction", "judge", "grade-answer", "compare-answers"]
    assert {row["from"] for row in prompts().values()} == {"package"}
    assert not (ws / "prompts").exists()
    assert prompts("passage", "--copy")["passage"]["copied"]
    own = ws / "prompts" / "passage.md"
    assert Prompts(ws / "prompts").get("passage") == Prompts().get("passage")  # so what was asked is not asked again
    edited = own.read_text(encoding="utf-8").replace("# user", "# user\n请仔细读。")
    own.write_text(edited, encoding="utf-8")
    again = prompts("--copy")
    assert own.read_text(encoding="utf-8") == edited
    told = {name: (row["from"], row["edited"], row["copied"]) for name, row in again.items()}
    assert told["passage"] == ("prompts/passage.md", True, False)
    assert told["judge"] == ("prompts/judge.md", False, True)
    assert len(prompts("--strategy", "rolling")) == 16
    assert "edited" in jianghu("synth", "prompts", cwd=ws).stdout
    ended = jianghu("synth", "prompts", "pasage", cwd=ws, check=False)
    assert (ended.returncode, "did you mean passage" in ended.stderr) == (2, True)


def test_accounts_in_a_recipe_are_written_and_read_back(tmp_path: Path) -> None:
    accounts = [AccountSettings(key_env="ONE", rpm=30), AccountSettings(keys_file="/k", base_url="http://h/v1")]
    recipe = load_recipe().model_copy(update={"synth": SynthSettings(teacher=TeacherSettings(accounts=accounts))})
    (tmp_path / "r.toml").write_text(to_toml(recipe), encoding="utf-8")
    assert load_recipe(tmp_path / "r.toml").synth.teacher.accounts == accounts


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_after_ctrl_c_the_printed_line_goes_on(ws: Path) -> None:
    def behave(number: int, body: dict) -> Act:
        if number == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return good(number, body)

    words = ("-C", str(ws), "synth", "run", "--limit", "9")
    with TeacherServer(behave) as server:
        point(ws, server.url)
        ended = jianghu(*words, cwd=ws.parent, check=False)
        assert ended.returncode == 130
        assert ended.stderr.splitlines()[-1].endswith(f"Go on with: jianghu {' '.join(words)}")
        assert "requests are answered and kept" in ended.stderr
        jianghu(*words, cwd=ws.parent)
        assert len({json.dumps(body) for body in server.seen}) == len(server.seen)
