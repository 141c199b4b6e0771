"""What every page of this room shares: the style sheet of the chat page, words in both languages, data as text."""

from __future__ import annotations

import base64
import json
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..messages import Both, look_up


def templates() -> Environment:
    """Templates in which `t("English {n}", n=3)` gives a message in both languages, of which the page shows one."""
    made = Environment(
        loader=PackageLoader("jianghu", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(t=_t, two=two, style=_style, seal=_picture("seal.svg"))
    return made


def _t(message: str, /, **fields: object) -> Markup:
    return two(look_up(message, **fields))


def two(words: Both) -> Markup:
    """Both forms of a message, each marked with its language; where they are equal, that text alone."""
    if words.en == words.zh:
        return Markup("{}").format(words.en)
    return Markup('<span class="en" lang="en">{}</span><span class="zh" lang="zh">{}</span>').format(words.en, words.zh)


def as_data(value: Any) -> Markup:
    """A value as JSON for a script element: every "<" is written so that JSON reads the same, since "</" would end the
    element and "<!--" hide its end."""
    return Markup(json.dumps(value, ensure_ascii=False, default=_plain).replace("<", "\\u003c"))


def _plain(value: Any) -> Any:
    """Arrays and the like, of which Bokeh's items may hold some."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _style(*names: str) -> Markup:
    """The chat page's base sheet, and after it sheets of this room."""
    base = _served("base.css").decode()
    own = [resources.files("jianghu").joinpath("report", name).read_text(encoding="utf-8") for name in names]
    return Markup("\n".join([base, *own]).replace("hills.svg", _picture("hills.svg")))


def _picture(name: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(_served(name)).decode()}"


def _served(name: str) -> bytes:
    return resources.files("jianghu").joinpath("serving", "page", name).read_bytes()
