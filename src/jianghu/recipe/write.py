"""How a recipe is written: as TOML, with every setting's meaning as a comment."""

from __future__ import annotations

import re
from typing import Any

from ..messages import phrase, tr
from .base import Settings
from .load import preset_values
from .recipe import Recipe


def to_toml(recipe: Recipe, comments: bool = True) -> str:
    """The recipe as TOML. With comments, a key that has its default value is written as a comment.

    Returns text that `load_recipe` reads back to an equal recipe.
    """
    given = preset_values(recipe.preset)
    lines = [f'preset = "{recipe.preset}"']
    if comments:
        lines.insert(
            0, f"# {tr('What decides what comes out of this shelf. Lines that begin with # show defaults.')}\n"
        )
    for name in Recipe.model_fields:
        group = getattr(recipe, name)
        if isinstance(group, Settings):
            lines += _group_toml(name, group, given.get(name, {}), comments)
    return "\n".join(lines) + "\n"


def _group_toml(title: str, group: Settings, given: object, comments: bool) -> list[str]:
    given = given if isinstance(given, dict) else {}
    lines = ["", *(_comment(type(group).__doc__) if comments else []), f"[{title}]"]
    nested: list[str] = []
    for key, field in type(group).model_fields.items():
        value = getattr(group, key)
        if isinstance(value, Settings):
            nested += _group_toml(f"{title}.{key}", value, given.get(key, {}), comments)
            continue
        if isinstance(value, list) and value and isinstance(value[0], Settings):
            for entry in value:
                own = [
                    f"{name} = {_toml_value(part)}" for name, part in entry.model_dump(exclude_defaults=True).items()
                ]
                nested += ["", f"[[{title}.{key}]]", *own]
            continue
        if comments:
            lines += _comment(field.description)
        if value is None:
            lines += [f"# {key} ="] if comments else []
        else:
            default = comments and value == field.default and key not in given
            lines.append(f"{'# ' if default else ''}{key} = {_toml_value(value)}")
    return lines + nested


def _comment(text: str | None) -> list[str]:
    """A docstring as lines of comment, in the language in use."""
    return [f"# {line.strip()}" for line in phrase((text or "").strip()).splitlines()]


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{_toml_key(key)} = {_toml_value(item)}" for key, item in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, str):
        escaped = "".join(
            f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else f"\\{c}" if c in '"\\' else c for c in value
        )
        return f'"{escaped}"'
    return repr(value)


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml_value(key)
