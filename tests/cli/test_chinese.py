"""Where the reader reads Chinese: help, refusals, hints, tables, progress and the comments of the recipe."""

import json
import re

import pytest
from cyclopts.help.help import docstring_parse

from jianghu.cli.app import app
from jianghu.messages import chinese, use_language
from jianghu.recipe import Recipe, Settings, load_recipe, to_toml

from ..conftest import jianghu

WORDS = re.compile(
    r"(?<![./\w])(?:accepted|answered|bytes|chapters?|characters|none|people|questions?|replies|tokens)(?![./\w])"
)
"""Words of ours that are no names of commands, files or settings in what the commands below print."""
ENGLISH = re.compile(r"(?<![-.])\b(?:the|and|of|is|are|not|with|for|from|to|by|in|a|this|that|it)\b(?![-.])")


@pytest.fixture(autouse=True)
def own_language_again():
    yield
    use_language(None)


def paragraphs(text):
    return [" ".join(part.split()) for part in (text or "").split("\n\n") if part.strip()]


def help_texts(program, path="jianghu"):
    """Every paragraph that the help of a command shows, and of the commands below it, with where it stands."""
    told = docstring_parse(program.help, "google")
    texts = {text: path for part in (told.short_description, told.long_description) for text in paragraphs(part)}
    names = [name for name in program if not name.startswith("-")]
    if program.default_command is not None:
        for argument in program.assemble_argument_collection(parse_docstring=True):
            if argument.show:
                texts |= dict.fromkeys(paragraphs(argument.parameter.help), f"{path} {argument.name}")
    for name in names:
        texts |= help_texts(program[name], f"{path} {name}")
    return texts


def settings_texts(group):
    """What stands above each setting in jianghu.toml."""
    texts = dict.fromkeys(paragraphs(group.__doc__), group.__name__)
    for name, field in group.model_fields.items():
        texts |= dict.fromkeys(paragraphs(field.description), f"{group.__name__}.{name}")
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, Settings):
                texts |= settings_texts(kind)
    return texts


def test_the_help_of_every_command_and_flag_has_its_chinese_form():
    texts = help_texts(app) | help_texts(app.meta)
    assert len(texts) > 200
    assert not {text: place for text, place in texts.items() if text not in chinese()}


def test_every_comment_of_the_recipe_has_its_chinese_form():
    texts = settings_texts(Recipe)
    assert len(texts) > 150
    assert not {text: place for text, place in texts.items() if text not in chinese()}


def test_help_shows_chinese_alone(tmp_path):
    for command in ((), ("pretrain",), ("run",), ("ask",), ("synth", "run"), ("eval",)):
        said = jianghu("--lang", "zh", *command, "--help", cwd=tmp_path).stdout
        assert "用法：" in said
        assert not ENGLISH.findall(said), said


def test_a_recipe_in_chinese_reads_back_equal(tmp_path):
    jianghu("init", "shelf", "--lang", "zh", "--preset", "demo", cwd=tmp_path)
    written = (tmp_path / "shelf/jianghu.toml").read_text("utf-8")
    comments = [line for line in written.splitlines() if line.startswith("# ") and " = " not in line]
    assert len(comments) > 100
    assert not [line for line in comments if ENGLISH.search(line)]
    assert load_recipe(tmp_path / "shelf/jianghu.toml") == load_recipe(preset="demo")
    use_language("en")
    assert written != to_toml(load_recipe(preset="demo"))


def test_the_environment_chooses_and_the_flag_beats_it(tmp_path, monkeypatch):
    for name in ("JIANGHU_LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "不是工作区" in jianghu("status", cwd=tmp_path, check=False).stderr
    assert "not a workspace" in jianghu("status", "--lang", "en", cwd=tmp_path, check=False).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pretrian",), "没有这个命令：pretrian。 是不是 pretrain？"),
        (("pretrain", "--max-iter", 3), "无法识别的参数：--max-iter。 是不是 --max-iters？"),
        (("pretrain", "--max-iters", "many"), "--max-iters many 无法使用：需要 int。"),
        (("pretrain", "--schedule", "x"), '--schedule x 无法使用。可选："cosine", "wsd"。'),
        (("pretrain", "--max-iters"), "--max-iters 后面要写一个值。"),
        (("pretrain", "--max-iters", 0), "max_iters = 0 无法使用：应当大于 0。"),
        (("pretrain", "--n-embd", 100, "--n-head", 3), "n_embd 100 不能被 n_head 3 整除。"),
        (("ask", "base", "谁？"), "base：没有这个检查点。"),
        (("books", "add", "a.txt"), "a.txt"),
    ],
)
def test_refusals_are_chinese(tmp_path, words, said):
    jianghu("init", ".", "--preset", "demo", cwd=tmp_path)
    ended = jianghu("--lang", "zh", *words, cwd=tmp_path, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not ENGLISH.findall(ended.stderr), ended.stderr


def test_what_commands_print_is_chinese(shelf, tmp_path):
    old, questions = tmp_path / "old.jsonl", tmp_path / "questions.txt"
    old.write_text(json.dumps({"question": "他去了哪里？", "answer": "青石镇。"}, ensure_ascii=False), encoding="utf-8")
    questions.write_text("沈青峰是谁？\n", encoding="utf-8")
    commands: tuple[tuple[object, ...], ...] = (
        ("status",), ("run",), ("plan",), ("books", "check"), ("books", "list"), ("eval", "chat", "--limit", 2),
        ("synth", "import", old), ("synth", "status"), ("synth", "coverage"), ("synth", "import", "--undo"),
        ("synth", "run", "--dry-run", "--strategy", "facts"), ("synth", "prompts", "--strategy", "facts"),
        ("synth", "export", tmp_path / "out"), ("compare", "chat", "base", "--questions", questions),
        ("report", "--out", tmp_path), ("export", "chat", "--out", tmp_path),
    )  # fmt: skip
    for command in commands:
        ended = jianghu("--lang", "zh", *command, cwd=shelf)
        said = (ended.stdout + ended.stderr).replace(str(tmp_path), "").replace("data/records", "")
        assert not ENGLISH.findall(said), said
        assert not WORDS.findall(said), (command, said)
    assert json.loads(jianghu("--lang", "zh", "status", "--json", cwd=shelf).stdout)["eval"] == "fresh"
