"""The people of a book as the page shows them: those found in its text, until somebody has decided; then those of
BOOK.lexicon.json, which is where decisions are kept.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from .. import files
from ..corpus.adding import set_aside
from ..corpus.look import Look
from ..messages import tr
from ..names import Lexicon, Name, editing, read_lexicon
from ..serving.errors import ApiError
from ..workspace import Workspace

SHOWN = 600
"""Names that the page is given; decisions keep the others as they are."""


class People:
    """Who is in the books of a workspace."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self._deciding = threading.Lock()

    def shown(self, path: Path, look: Look) -> dict[str, object]:
        """The list for the page, the most mentioned first, with the version that a decision must name."""
        names = self._names(path, look)
        forms = look["forms"]
        rows = [
            {
                "name": name.name,
                "kind": name.kind,
                "mentions": sum(forms.get(form, 0) for form in (name.name, *name.aliases)),
                "aliases": [{"name": alias, "mentions": forms.get(alias)} for alias in name.aliases],
            }
            for name in names
        ]
        rows.sort(key=lambda row: -int(str(row["mentions"])))
        return {
            "version": _version(names),
            "decided": _file(path).exists(),
            "all": len(rows),
            "rows": rows[:SHOWN],
        }

    def decide(self, path: Path, look: Look, version: str, action: str, who: str, to: str) -> dict[str, object]:
        """Keep a decision; returns the list as it is now.

        Raises:
            ApiError: 409, the list has changed since it was shown. InputError: it cannot be done.
        """
        with self._deciding:
            names = self._names(path, look)
            if version != _version(names):
                told = tr("The list has changed meanwhile, perhaps in another window. Here it is as it is now.")
                raise ApiError(409, told, "changed")
            file = _file(path)
            if action == "undo":
                if file.exists():
                    set_aside(self.ws, file)
            else:
                Lexicon(_decided(names, action, who, to)).write(file)
            return self.shown(path, look)

    def _names(self, path: Path, look: Look) -> list[Name]:
        file = _file(path)
        if file.exists():
            return read_lexicon(file).names
        return [Name(row["name"], tuple(row["aliases"])) for row in look["people"]]


def _decided(names: Sequence[Name], action: str, who: str, to: str) -> list[Name]:
    match action:
        case "rename":
            return editing.rename(names, who, to)
        case "join":
            return editing.join(names, who, to)
        case "split":
            return editing.split(names, who, to)
        case "alias":
            return editing.add_alias(names, who, to)
        case "remove":
            return editing.remove(names, who)
        case _:
            return list(names)


def _version(names: Sequence[Name]) -> str:
    return files.sha256_json([[name.name, *name.aliases, name.kind] for name in names])[:32]


def _file(path: Path) -> Path:
    return path.with_name(f"{path.stem}.lexicon.json")
