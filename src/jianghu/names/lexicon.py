"""The names of a book, each with its other forms. JSON or a list of `Name` goes in; mentions in a text come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from .. import files
from ..errors import InputError
from ..messages import tr

Kind = Literal["person", "place", "faction", "other"]


@dataclass(frozen=True)
class Name:
    """A name with its other forms, such as 刘备 with 玄德."""

    name: str
    aliases: tuple[str, ...] = ()
    kind: Kind = "person"


class Lexicon:
    """Names, and where a text mentions them.

    A mention is a name or an alias of at least two characters that belongs to exactly one name. A string that
    belongs to several is never a mention, and nothing shorter inside it is one either.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        """Raises InputError if a name stands twice."""
        self.names = list(names)
        self._of = {name.name: name for name in self.names}
        if len(self._of) < len(self.names):
            double, _ = Counter(name.name for name in self.names).most_common(1)[0]
            raise InputError(tr("the lexicon has {double} twice. Join the two entries.", double=double))
        self._owner: dict[str, str | None] = {}
        for name in self.names:
            for form in {name.name, *name.aliases}:
                if len(form) >= 2:
                    self._owner[form] = None if form in self._owner else name.name
        self._heads: dict[str, list[str]] = {}
        for form in sorted(self._owner, key=lambda form: (-len(form), form)):
            self._heads.setdefault(form[:2], []).append(form)

    def mentions(self, text: str) -> list[tuple[int, int, str]]:
        """Where names stand: (start, end, name), from left to right, the longest form at each place."""
        found = []
        at, heads = 0, self._heads
        while at < len(text) - 1:
            forms = heads.get(text[at : at + 2])
            form = next((f for f in forms or () if text.startswith(f, at) and _is_whole(text, at, f)), None)
            if form is None:
                at += 1
                continue
            if (owner := self._owner[form]) is not None:
                found.append((at, at + len(form), owner))
            at += len(form)
        return found

    @property
    def owners(self) -> dict[str, str | None]:
        """The name that each form of at least two characters stands for; None where it is several."""
        return dict(self._owner)

    def names_in(self, text: str) -> set[str]:
        """The names mentioned in a text."""
        return {name for _, _, name in self.mentions(text)}

    def aliases_of(self, name: str) -> tuple[str, ...]:
        """The other forms of a name; empty if it has none or is unknown."""
        return self._of[name].aliases if name in self._of else ()

    def write(self, path: Path) -> None:
        """Write JSON that `read_lexicon` reads, atomically."""
        files.write_json(path, {n.name: {"aliases": list(n.aliases), "kind": n.kind} for n in self.names})


def _is_whole(text: str, at: int, form: str) -> bool:
    """Whether a form in Latin letters stands there as words of its own: Ann is not in Annoyed."""
    if not (form[0].isascii() and form[-1].isascii()):
        return True
    before, after = text[at - 1 : at] if at else "", text[at + len(form) : at + len(form) + 1]
    return not ((before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum()))


def read_lexicon(path: Path) -> Lexicon:
    """Read {"刘备": {"aliases": ["玄德"], "kind": "person"}} or, shorter, {"刘备": ["玄德"]}.

    Raises:
        InputError: the file is missing or has another shape; the message names file and entry.
    """
    rows = files.read_json(path)
    if not isinstance(rows, dict):
        raise InputError(
            tr('{path}: not a lexicon. Write {{"刘备": {{"aliases": ["玄德"], "kind": "person"}}}}.', path=path)
        )
    return Lexicon([_name(path, name, row) for name, row in rows.items()])


def _name(path: Path, name: str, row: Any) -> Name:
    if not name.strip():
        raise InputError(tr("{path}: an entry has an empty name. Remove it.", path=path))
    if isinstance(row, list):
        row = {"aliases": row}
    if not isinstance(row, dict):
        raise InputError(
            tr(
                '{path}, entry {name}: must be a list of aliases or {{"aliases": […], "kind": …}}.',
                path=path,
                name=name,
            )
        )
    if unknown := sorted(set(row) - {"aliases", "kind"}):
        raise InputError(
            tr(
                "{path}, entry {name}: unknown key {key!r}; there are aliases and kind.",
                path=path,
                name=name,
                key=unknown[0],
            )
        )
    aliases, kind = row.get("aliases", []), row.get("kind", "person")
    if not isinstance(aliases, list) or not all(isinstance(alias, str) and alias.strip() for alias in aliases):
        raise InputError(tr("{path}, entry {name}: aliases must be a list of words.", path=path, name=name))
    if kind not in get_args(Kind):
        raise InputError(
            tr(
                "{path}, entry {name}: kind {kind!r} must be one of {names}.",
                path=path,
                name=name,
                kind=kind,
                names=", ".join(get_args(Kind)),
            )
        )
    return Name(name, tuple(dict.fromkeys(alias for alias in aliases if alias != name)), kind)
