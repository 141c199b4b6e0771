"""A path on the command line begins where the user stands, whatever workspace `-C` names."""

import json
import os
from pathlib import Path

import pytest

from jianghu.messages import command, use_folder
from jianghu.recipe import load_recipe

from ..conftest import jianghu


@pytest.fixture
def stand(tmp_path, shelf):
    """A folder that the user stands in, the finished workspace far from it."""
    folder = tmp_path / "my folder"
    folder.mkdir()
    return folder


@pytest.fixture
def far(shelf, stand):
    """The arguments that name the workspace from there."""
    return "-C", os.path.relpath(shelf, stand)


def test_books_are_the_users_files(stand, novel):
    for name in ("one.txt", "two.txt"):
        (stand / name).write_text(novel + name, encoding="utf-8")
    jianghu("init", "shelf", "--preset", "demo", cwd=stand)
    said = jianghu("-C", "shelf", "books", "add", "one.txt", "two.txt", cwd=stand).stdout
    assert "one.txt: 12 chapters" in said
    assert sorted(path.name for path in (stand / "shelf/books").iterdir()) == ["one.txt", "two.txt"]
    report = json.loads(jianghu("-C", "shelf", "books", "check", "two.txt", "--json", cwd=stand).stdout)
    assert [row["name"] for row in report] == ["two"]


def test_what_init_prints_can_be_typed(stand, novel):
    (stand / "NOVEL.txt").write_text(novel, encoding="utf-8")
    said = jianghu("init", "my shelf", "--preset", "demo", cwd=stand).stdout
    assert "jianghu -C 'my shelf' books add NOVEL.txt" in said
    jianghu("-C", "my shelf", "books", "add", "NOVEL.txt", cwd=stand)
    assert (stand / "my shelf/books/NOVEL.txt").is_file()


def test_files_that_cannot_be_used_are_named_and_the_others_added(stand, novel):
    jianghu("init", "shelf", "--preset", "demo", cwd=stand)
    (stand / "a.txt").write_text(novel, encoding="utf-8")
    (stand / "b.txt").write_text("", encoding="utf-8")
    (stand / "c.txt").write_text(novel + "后记", encoding="utf-8")
    ended = jianghu("-C", "shelf", "books", "add", "a.txt", "b.txt", "c.txt", "d.txt", cwd=stand, check=False)
    assert ended.returncode == 2
    assert "2 of 4 files cannot be used" in ended.stderr
    assert "b.txt: the file is empty" in ended.stderr
    assert "d.txt: no such file" in ended.stderr
    assert sorted(path.name for path in (stand / "shelf/books").iterdir()) == ["a.txt", "c.txt"]
    shown = jianghu("books", "check", "a.txt", "b.txt", cwd=stand, check=False)
    assert "chapters" in shown.stdout
    assert "b.txt" in shown.stderr


def test_an_exam_and_questions_are_the_users_files(stand, far, shelf):
    row = {"id": "1", "question": "第一问：谁？", "answer": "沈青峰"}
    (stand / "quiz.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    said = jianghu(*far, "eval", "chat", "--exam", "quiz.jsonl", cwd=stand).stdout
    assert (shelf / "evals/chat.quiz.json").is_file()
    written = Path(said.rsplit("answers: ", 1)[1].split("\n")[0])
    assert (stand / written).samefile(shelf / "evals/chat.quiz.json")
    jianghu(*far, "eval", "--exam", "quiz.jsonl", "--harness", "tasks", cwd=stand)
    assert list((stand / "tasks").iterdir())
    jianghu(*far, "compare", "chat", "--questions", "quiz.jsonl", "--html", "page.html", cwd=stand)
    assert (stand / "page.html").is_file()


def test_checkpoints_exports_and_records_are_the_users_paths(stand, far, shelf):
    beside = os.path.relpath(shelf / "runs/chat/checkpoints/last", stand)
    assert jianghu("ask", beside, "谁？", "--greedy", "--closed-book", cwd=stand).stdout == jianghu(
        *far, "ask", "chat/last", "谁？", "--greedy", "--closed-book", cwd=stand
    ).stdout  # fmt: skip
    jianghu(*far, "export", "base", "--out", "out", cwd=stand)
    assert list((stand / "out").glob("*.gguf"))
    jianghu(*far, "synth", "export", "records", cwd=stand)
    assert (stand / "records/train.jsonl").is_file()
    ended = jianghu(*far, "synth", "import", "old.json", cwd=stand, check=False)
    assert "old.json: no such file" in ended.stderr


def test_a_report_and_exports_lie_in_the_workspace_unless_told_otherwise(stand, far, shelf):
    jianghu(*far, "export", "base", cwd=stand)
    assert list((shelf / "exports").glob("*.gguf"))
    jianghu(*far, "report", cwd=stand)
    assert (shelf / "report/index.html").is_file()
    jianghu(*far, "report", "--format", "md", "--out", "mine", cwd=stand)
    assert (stand / "mine/report.md").is_file()


def test_the_recipes_paths_are_the_workspaces_and_flags_paths_the_users(tmp_path, monkeypatch):
    (tmp_path / "shelf").mkdir()
    recipe = tmp_path / "shelf/jianghu.toml"
    recipe.write_text(
        '[synth.teacher]\nkeys_file = "keys"\n[[synth.teacher.accounts]]\nkeys_file = "more/keys"\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    teacher = load_recipe(recipe, {"synth": {"teacher": {"gguf": "teacher.gguf"}}}).synth.teacher
    assert teacher.keys_file == str(tmp_path / "shelf/keys")
    assert teacher.accounts[0].keys_file == str(tmp_path / "shelf/more/keys")
    assert teacher.gguf == str(tmp_path / "teacher.gguf")


def test_hints_name_the_workspace_and_quote_it(stand, monkeypatch):
    (stand / "a shelf").mkdir()
    said = jianghu("-C", "a shelf", "prepare", cwd=stand, check=False).stderr
    assert "`jianghu init 'a shelf'` makes one" in said
    jianghu("init", "a shelf", cwd=stand)
    said = jianghu("-C", "a shelf", "ask", "base", "谁？", cwd=stand, check=False).stderr
    assert "`jianghu -C 'a shelf' pretrain`" in said
    use_folder("")
    monkeypatch.setattr("sys.argv", ["jianghu"])
    assert command("run", "--name", "a b") == "jianghu run --name 'a b'"
