"""Every command line of both READMEs, as it is written there, by somebody who stands beside a novel of their own."""

import os
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from jianghu.cli.app import app
from jianghu.recipe import load_recipe

from ..conftest import RECIPE, jianghu, novel_text
from ..llm.teacher_server import TeacherServer

HOME = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
TINY = RECIPE.replace("max_iters = 40", "max_iters = 8").replace("max_iters = 30", "max_iters = 8")


def blocks(readme: str, kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall((HOME / readme).read_text("utf-8")) if name == kind]


def lines(readme: str) -> list[list[str]]:
    """The words of every command line in the blocks of shell, comments left out."""
    return [
        words
        for block in blocks(readme, "sh")
        for line in block.splitlines()
        if (words := shlex.split(line, comments=True))
    ]


def as_the_shell_does(words: list[str], folder: Path) -> tuple[dict[str, str], list[str]]:
    """Variables before the command, and its words with patterns of files filled in."""
    variables = {}
    while "=" in words[0] and not words[0].startswith("-"):
        name, _, value = words[0].partition("=")
        variables[name] = value
        words = words[1:]
    filled = []
    for word in words:
        found = sorted(path.name for path in folder.glob(word)) if "*" in word else []
        filled += found or [word]
    return variables, filled


@pytest.mark.parametrize("readme", READMES)
def test_every_line_of_the_blocks_works_as_written(readme, tmp_path, monkeypatch):
    for name in os.environ.keys() & {"JIANGHU_LANG", "LC_ALL", "LC_MESSAGES"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8" if "zh" in readme else "en_US.UTF-8")
    for number in (1, 2):
        (tmp_path / f"第{number}部.txt").write_text(novel_text(3, 50, seed=number), encoding="gb18030")
    ran = []
    with TeacherServer() as teacher:
        for words in lines(readme):
            variables, words = as_the_shell_does(words, tmp_path)
            if words[0] != "jianghu":
                known_outside(words)
                continue
            for name, value in variables.items():
                monkeypatch.setenv(name, value.replace("…", "key"))
                about = tomllib.loads(blocks(readme, "toml")[0])["synth"]["teacher"]
                assert name == about["key_env"]
            ended = jianghu(*words[1:], cwd=tmp_path, input="谁？\n\n")
            ran.append(words[3] if words[1] == "-C" else words[1])
            assert "Traceback" not in ended.stderr
            if words[1] == "init":  # what follows takes hours by the preset, and would ask somebody else's teacher
                recipe = tmp_path / words[2] / "jianghu.toml"
                recipe.write_text(TINY + local(blocks(readme, "toml")[0], teacher.url), encoding="utf-8")
        assert teacher.seen
    assert ran == ["init", "books", "books", "run", "chat", "synth"]
    assert (tmp_path / "shelf/runs/chat/checkpoints/best/config.json").is_file()


def known_outside(words: list[str]) -> None:
    """What is no command of ours: targets of the Makefile and what they make."""
    makefile = (HOME / "Makefile").read_text("utf-8")
    if words[0] == "make":
        assert f"\n{words[1]}: " in makefile
    else:
        assert words == [".", ".venv/bin/activate"]
        assert "ENV := .venv\n" in makefile


def local(toml: str, url: str) -> str:
    return re.sub(r'base_url = ".*"', f'base_url = "{url}"', toml)


@pytest.mark.parametrize("readme", READMES)
def test_the_recipe_of_the_teacher_can_be_used_as_written(readme, tmp_path):
    for number, toml in enumerate(blocks(readme, "toml")):
        (tmp_path / f"{number}.toml").write_text(toml, encoding="utf-8")
        assert load_recipe(tmp_path / f"{number}.toml").synth.teacher.model == "deepseek-flash"


@pytest.mark.parametrize("readme", READMES)
def test_every_command_named_in_the_text_exists_and_has_the_flags(readme, tmp_path):
    text = BLOCK.sub("", (HOME / readme).read_text("utf-8"))
    spans = [span.replace("\\|", "|") for span in re.findall(r"`([^`]+)`", text)]
    named = []
    for row in re.findall(r"^\| (`.*?) \|", text, re.M):  # the table of commands
        named += re.findall(r"`([^`]+)`", row.replace("\\|", "/"))
    spans = [*named, *spans]
    commands = {name for name in app if not name.startswith("-")}
    shown: dict[str, str] = {}
    checked = 0
    for span in spans:
        words = span.removeprefix("jianghu ").split()
        if words[0] not in commands:
            continue
        path = words[:2] if words[0] in ("synth", "books") and len(words) > 1 else words[:1]
        key = " ".join(path)
        shown[key] = shown.get(key) or jianghu(*path, "--help", cwd=tmp_path).stdout
        for flag in set(re.findall(r"--[a-z-]+", span)) - {"--help"}:
            assert flag in shown[key], span
        checked += 1
    assert checked > 20
    assert {name.split()[0] for name in shown} >= commands - {"demo", "init", "books", "judge", "synth"}
