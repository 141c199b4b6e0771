"""Every message that the program says has its Chinese form, with the same fields."""

import ast
import json
import re
from pathlib import Path

import pytest

from jianghu.messages import both, chinese, language, tr, use_language

SOURCE = Path(__file__).parent.parent / "src" / "jianghu"
FIELD = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z_0-9]*)[^{}]*\}")


def messages() -> dict[str, str]:
    """Every literal that is handed to `tr` or `both`, with the place where it stands."""
    places = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "both"):
                message = node.args[0]
                place = f"{path.relative_to(SOURCE)}:{node.lineno}"
                assert isinstance(message, ast.Constant), f"{place}: the message is no literal"
                places[str(message.value)] = place
    return places


def test_every_message_has_its_chinese_form():
    missing = {message: place for message, place in messages().items() if message not in chinese()}
    assert not missing


def test_both_forms_have_the_same_fields():
    for english, translated in chinese().items():
        assert set(FIELD.findall(english)) == set(FIELD.findall(translated)), english


def test_the_language_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("JIANGHU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert language() == "en"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert language() == "zh"
    monkeypatch.setenv("JIANGHU_LANG", "en")
    assert language() == "en"
    use_language("zh")
    try:
        assert language() == "zh"
        assert tr("a message {of} no table", of="x") == "a message x no table"
    finally:
        use_language(None)


def test_pages_in_two_languages_fill_fields_by_language():
    assert both("a message {of} no table", of=both("better")) == (
        "a message better no table",
        "a message 更好 no table",
    )
    assert str(both("better")) == tr("better")


FAMILY = {"InputError", "RunError", "InterruptedByUser"}
WORDS = re.compile(r"[A-Za-z]{3,}")


def test_every_error_speaks_the_readers_language():
    plain = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAMILY):
                continue
            message = node.args[0]
            parts = message.values if isinstance(message, ast.JoinedStr) else [message]
            words = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            if WORDS.search(words):
                plain.append(f"{path.relative_to(SOURCE)}:{node.lineno}: {words}")
    assert not plain


def test_commands_in_hints_name_the_folder_of_the_workspace():
    """`{jianghu} prepare` becomes `jianghu -C shelf prepare`; only `init` needs no workspace."""
    told = [message for message in messages() if "`jianghu " in message.replace("`jianghu init", "")]
    assert told == ["No checkpoint has taken a whole exam yet; `jianghu eval` tells how much one knows."]  # on a page


def test_a_message_has_one_chinese_form():
    found: dict[str, str] = {}
    for path in sorted((SOURCE / "locale" / "zh").glob("*.json")):
        for message in json.loads(path.read_text(encoding="utf-8")):
            assert message not in found, f"{message!r} stands in {found[message]} and in {path.name}"
            found[message] = path.name
