"""Modules of JavaScript as one script, for a page that may load nothing: each becomes a function that is called once.

It reads what this package writes, and no more: imports and exports by name, at the beginning of a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...pages import source

_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|\* as (\w+)) from "\./([\w-]+)\.js";$', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.M)


def bundle(entries: Sequence[str], folders: Mapping[str, str]) -> str:
    """The script of some modules, one after the other, and of all that they import.

    Args:
        entries: their names, without `.js`.
        folders: the folder of the package in which each module lies, by the module's name.
    """
    done: dict[str, str] = {}

    def add(name: str) -> None:
        if name in done:
            return
        text = source(f"{folders[name]}/{name}.js")
        for _, _, other in _IMPORT.findall(text):
            add(other)
        done[name] = _function(name, text)

    for entry in entries:
        add(entry)
    return "\n".join(['"use strict";', *done.values()])


def _function(name: str, text: str) -> str:
    exported = _EXPORT.findall(text)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, text))
    if left := re.search(r"^(import|export)\b.*", body, re.M):
        raise ValueError(f"{name}.js: {left[0]!r} is of a form that is not bundled")
    return f"const ${name} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();"


def _taken(found: re.Match[str]) -> str:
    names, whole, other = found.groups()
    return f"const {whole} = ${other};" if whole else f"const {{{names.replace(' as ', ': ')}}} = ${other};"
