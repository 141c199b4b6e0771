"""`books add` and `books check` on what people (and hostile files) put on a shelf."""

import ast
import json
import os
import random
import re
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


def test_a_book_is_named_by_its_title(ws):
    source = ws / "a1b2_完本.txt"
    source.write_text("《青峰录》\n作者：无名\n\n" + novel_text(4), encoding="utf-8")
    assert "青峰录.txt" in jianghu("books", "add", source, cwd=ws).stdout
    assert [path.name for path in (ws / "books").iterdir()] == ["青峰录.txt"]
    assert jianghu("books", "add", source, cwd=ws).returncode == 0  # the same once more
    other = ws / "b.txt"
    other.write_text("《青峰录》\n\n" + novel_text(5, seed=2), encoding="utf-8")
    assert "--title" in refused("books", "add", other, cwd=ws)
    jianghu("books", "add", other, "--title", "青峰/续录", cwd=ws)
    assert sorted(path.name for path in (ws / "books").iterdir()) == ["青峰 续录.txt", "青峰录.txt"]
    assert "one book" in refused("books", "add", source, other, "--title", "雪", cwd=ws)


def test_headings_of_one_book_are_kept_beside_it(ws):
    source = ws / "书.txt"
    source.write_text(novel_text(4).replace("第", "~第"), encoding="utf-8")
    assert "2 chapters" in jianghu("books", "add", source, "--heading", "^~第[一三]", cwd=ws).stdout
    report = json.loads(jianghu("books", "check", "--json", cwd=ws).stdout)
    assert report[0]["chapters"] == 2
    assert "regular expression" in refused("books", "add", source, "--heading", "(", cwd=ws)
    (ws / "books" / "书.book.json").write_text('{"heading": "["}')
    assert "书.book.json" in refused("prepare", cwd=ws)


def test_list_rename_and_remove(ws):
    for name, seed in (("甲", 1), ("乙", 2)):
        (ws / f"{name}.txt").write_text(novel_text(8, seed=seed), encoding="utf-8")
        jianghu("books", "add", ws / f"{name}.txt", cwd=ws)
    (ws / "books" / "甲.lexicon.json").write_text("{}")
    assert "not prepared yet" in jianghu("books", "list", cwd=ws).stdout
    assert "甲 is 丙 now" in jianghu("books", "rename", "甲", "丙", cwd=ws).stdout
    assert sorted(path.name for path in (ws / "books").iterdir()) == ["丙.lexicon.json", "丙.txt", "乙.txt"]
    assert "already" in refused("books", "rename", "丙", "乙", cwd=ws)
    assert "There are: 丙, 乙" in refused("books", "rename", "丁", "戊", cwd=ws)
    jianghu("books", "remove", "丙", cwd=ws)
    assert [row["name"] for row in json.loads(jianghu("books", "list", "--json", cwd=ws).stdout)] == ["乙"]
    assert (ws / "books" / ".removed" / "丙.txt").read_text(encoding="utf-8") == novel_text(8, seed=1)


def test_check_shows_what_goes_as_a_diff_and_counts_all_of_it(ws):
    path = ws / "书.txt"
    text = novel_text(3).replace("。", "。（欢迎光临听雨书屋阅读）", 4).replace("，", "，\u200b", 3)
    path.write_text(text, encoding="utf-8")
    assert "advert × 4 (48 characters)" in jianghu("books", "check", path, cwd=ws).stdout
    shown = jianghu("books", "check", path, "--removed", cwd=ws).stdout
    assert shown.count("。[-（欢迎光临听雨书屋阅读）-]") == 4
    row = json.loads(jianghu("books", "check", path, "--removed", "--json", cwd=ws).stdout)[0]
    assert row["removals"][-1]["cuts"][0]["text"] == "（欢迎光临听雨书屋阅读）"
    before = sum(not character.isspace() for character in text)
    after = sum(not character.isspace() for character in novel_text(3))
    assert before - after == sum(removal["characters"] for removal in row["removals"])


def test_a_structure_that_is_missing_or_out_of_proportion_is_told_with_lines_that_could_be_headings(ws):
    path = ws / "无.txt"
    lines = [line for line in novel_text(6).split("\n") if not line.startswith("第")]
    odd = "\n".join(f"%雪{n}%\n{line}" if n % 3 == 0 else line for n, line in enumerate(lines))
    path.write_text(odd, encoding="utf-8")
    shown = jianghu("books", "check", path, cwd=ws).stdout
    assert "no chapter headings were found" in shown
    assert "books add 无.txt --heading" in shown
    assert len(re.findall(r"(?m)^  %雪\d+%$", shown)) == 10
    path.write_text(novel_text(3) + "".join(lines) * 30, encoding="utf-8")
    assert re.search(r"chapter 3 \(第三回 .*\) holds 9\d% of the book", jianghu("books", "check", path, cwd=ws).stdout)


def test_the_same_novel_under_two_names_is_told(ws):
    for name, seed in (("甲", 1), ("乙", 2), ("甲之二", 1)):
        letters = random.Random(seed).choices(
            "他站在山门外听见里面有人说话那道你来了就不要走雪下得很大灯火一点地灭，。\n", k=9000
        )
        (ws / "books" / f"{name}.txt").write_text("".join(letters), encoding="utf-8")
    rows = json.loads(jianghu("books", "check", "--json", cwd=ws).stdout)
    assert [(row["name"], [copy["book"] for copy in row["copies"]]) for row in rows if row["copies"]] == [
        ("甲", ["甲之二"])
    ]
    assert "is in 甲之二 too" in jianghu("books", "check", cwd=ws).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_a_file_name_that_is_no_utf_8(ws):
    raw = os.fsencode(str(ws)) + b"/" + "落雁坡".encode("gb18030") + b".txt"
    with open(raw, "w", encoding="utf-8") as out:
        out.write(novel_text(3))
    assert "UTF-8" in refused("books", "add", Path(os.fsdecode(raw)), cwd=ws)
    os.rename(raw, os.fsencode(str(ws / "books")) + b"/" + os.path.basename(raw))
    assert "UTF-8" in refused("prepare", cwd=ws)
    assert "UTF-8" in refused("books", "check", cwd=ws)
