"""What the program says, in the reader's language: English stands in the code, Chinese in `locale/zh/*.json`.

An English message goes in, with the values of its fields; the text to show comes out. A test sees that every message
has its Chinese form, with the same fields.
"""

from __future__ import annotations

import json
import os
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["en", "zh"]

_chosen: Language | None = None


def use_language(language: Language | None) -> None:
    """Speak this language from now on; None: that of the environment."""
    global _chosen
    _chosen = language


def language() -> Language:
    """The language in use: the chosen one, else what JIANGHU_LANG, LC_ALL, LC_MESSAGES or LANG names, else English."""
    if _chosen is not None:
        return _chosen
    for name in ("JIANGHU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def tr(message: str, /, **fields: object) -> str:
    """The message in the language in use, its {fields} filled in.

    Args:
        message: the English text, a literal in the code; it is the key of its Chinese form.
    """
    text = chinese().get(message, message) if language() == "zh" else message
    return text.format(**fields) if fields else text


@cache
def chinese() -> dict[str, str]:
    """English message → Chinese message, of all rooms."""
    table: dict[str, str] = {}
    folder = resources.files("jianghu").joinpath("locale/zh")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        table |= json.loads(file.read_text(encoding="utf-8"))
    return table
