"""What every page that is one file shares: the style sheet of the chat page, words in both languages, data as text."""

from __future__ import annotations

import base64
import json
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .messages import Both, look_up


def templates(room: str) -> Environment:
    """Templates of a room's folder in which `t("English {n}", n=3)` gives a message in both languages, of which the
    page shows one; `style("sheet.css")` gives the chat page's base sheet and after it sheets of that folder."""
    made = Environment(
        loader=PackageLoader("jianghu", room),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def style(*names: str) -> Markup:
        return Markup(with_pictures("\n".join([served("base.css"), *(source(f"{room}/{name}") for name in names)])))

    made.globals.update(t=_t, two=two, style=style, seal=picture("seal.svg"))
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


def with_pictures(sheet: str) -> str:
    """A style sheet with its pictures inside."""
    return sheet.replace("hills.svg", picture("hills.svg"))


def picture(name: str) -> str:
    """The address of a picture of the chat page that needs no file beside the page."""
    return f"data:image/svg+xml;base64,{base64.b64encode(served(name).encode()).decode()}"


def served(name: str) -> str:
    """A file of the chat page."""
    return source(f"serving/page/{name}")


def source(path: str) -> str:
    """A text file of this package; the path counts from the package's folder."""
    return resources.files("jianghu").joinpath(*path.split("/")).read_text(encoding="utf-8")
