"""`books add` and `books check` on what people (and hostile files) put on a shelf."""

import ast
import os
import sys
from pathlib import Path

import pytest

import jianghu as package

from ..conftest import jianghu, novel_text
from .test_errors import refused

MARKUP = ["[/url]", "[bold]", "[b][color=red]风[/color]", "[/]", "[link=file:///etc]", "\\[/x]", ":smile:"]


@pytest.fixture
def ws(tmp_path):
    jianghu("init", ".", "--preset", "demo", cwd=tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", MARKUP)
def test_the_terminals_markup_in_a_title_is_text(ws, words):
    path = ws / f"{words.replace('/', '_')}.txt"
    path.write_text(novel_text(3).replace("第一回 ", f"第一回 {words} ", 1), encoding="utf-8")
    assert words in jianghu("books", "check", path, cwd=ws).stdout
    assert "3 chapters" in jianghu("books", "add", path, cwd=ws).stdout


def test_no_console_reads_markup():
    """Text of users is printed in many places; none of them can forget to escape it."""
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console":
                given = {keyword.arg for keyword in node.keywords}
                quiet = any(isinstance(k.value, ast.Call) for k in node.keywords)  # it draws into memory
                assert quiet or {"markup", "emoji"} <= given, f"{path.name}:{node.lineno}"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_pipes_devices_and_folders_are_refused_at_once(ws):
    os.mkfifo(ws / "管.txt")
    (ws / "机.txt").symlink_to("/dev/zero")
    (ws / "夹.txt").mkdir()
    for name, why in (("管.txt", "not a regular file"), ("机.txt", "not a regular file"), ("夹.txt", "a folder")):
        assert f"{name}: {why}" in refused("books", "check", ws / name, cwd=ws)
        assert f"{name}: {why}" in refused("books", "add", ws / name, cwd=ws)
