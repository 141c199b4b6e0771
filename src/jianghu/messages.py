"""What the program says, in the reader's language: English stands in the code, Chinese in `locale/zh/*.json`.

An English message goes in, with the values of its fields; the text to show comes out. A test sees that every message
has its Chinese form, with the same fields.

Commands to type are written `{jianghu} prepare`: the field stands for the program as it was called, with the folder
that was given by `-C`, so that a hint can be typed as it is printed.
"""

from __future__ import annotations

import json
import locale
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

Language = Literal["en", "zh"]

_chosen: Language | None = None
_here: ContextVar[Language | None] = ContextVar("language", default=None)
_folder: str = ""


def use_language(language: Language | None) -> None:
    """Speak this language from now on; None: that of the environment."""
    global _chosen
    _chosen = language


@contextmanager
def speaking(language: Language | None) -> Iterator[None]:
    """Speak a language in this block, and in the threads that are started from it with its context: that of the reader
    of one request."""
    token = _here.set(language)
    try:
        yield
    finally:
        _here.reset(token)


def language() -> Language:
    """The language in use: that of the request, the chosen one, or what JIANGHU_LANG, LC_ALL, LC_MESSAGES or LANG
    names, else English."""
    if (asked := _here.get()) is not None:
        return asked
    if _chosen is not None:
        return _chosen
    for name in ("JIANGHU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    if sys.platform == "win32":  # where no such variable says it
        return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
    return "en"


def tr(message: str, /, **fields: object) -> str:
    """The message in the language in use, its {fields} filled in.

    Args:
        message: the English text, a literal in the code; it is the key of its Chinese form.
    """
    text = chinese().get(message, message) if language() == "zh" else message
    if "{jianghu}" in text:
        fields.setdefault("jianghu", command())
    return text.format(**fields) if fields else text


def phrase(text: str) -> str:
    """A text of the code that is no literal in a call of `tr`, in the language in use: a docstring, the name of a
    setting or of a figure. White space counts as one blank, and `_` in a name as a blank.
    """
    if language() == "en":
        return text
    key = " ".join(text.split())
    return chinese().get(key) or chinese().get(key.replace("_", " "), text)


def use_folder(folder: str) -> None:
    """Commands that are printed from now on work in this folder; empty: in the user's own."""
    global _folder
    _folder = folder


def command(*words: str, here: bool = False) -> str:
    """A command of this program as the user would type it: with `-C FOLDER`, and words with blanks quoted.

    Args:
        here: leave `-C` out, for a command that needs no workspace.
    """
    return quoted([*_program(), *(("-C", _folder) if _folder and not here else ()), *words])


def quoted(words: Iterable[str]) -> str:
    """Words as one line for the shell."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _program() -> list[str]:
    """How this program was started: right after `make demo` the environment is not active, and the bare name would
    not be found."""
    started = sys.argv[0]
    if started.endswith("__main__.py"):
        return ["jianghu"] if shutil.which("jianghu") else [sys.executable, "-m", "jianghu"]
    is_ours = os.path.basename(started).startswith("jianghu")
    return [started] if is_ours and not shutil.which("jianghu") else ["jianghu"]


class Both(NamedTuple):
    """A message in English and in Chinese, for pages that hold both; as text it is the one of the language in use."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en


def both(message: str, /, **fields: object) -> Both:
    """A message in both languages, its {fields} filled in; a field that is a `Both` is filled in by language.

    Args:
        message: the English text, a literal in the code; it is the key of its Chinese form.
    """
    return look_up(message, **fields)


def look_up(message: str, /, **fields: object) -> Both:
    """As `both`, for messages that stand in a page's template instead of in code."""

    def fill(text: str, place: int) -> str:
        values = {name: value[place] if isinstance(value, Both) else value for name, value in fields.items()}
        return text.format(**values) if fields else text

    return Both(fill(message, 0), fill(chinese().get(message, message), 1))


@cache
def chinese() -> dict[str, str]:
    """English message → Chinese message, of all rooms."""
    table: dict[str, str] = {}
    folder = resources.files("jianghu").joinpath("locale/zh")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        table |= json.loads(file.read_text(encoding="utf-8"))
    return table
