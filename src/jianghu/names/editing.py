"""Decisions of a reader about who is in a book: a list of names goes in, another one comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import InputError
from ..messages import tr
from .lexicon import Name


def rename(names: Sequence[Name], name: str, to: str) -> list[Name]:
    """Call somebody by another name; the old one stays as an alias, since the book uses it.

    Raises:
        InputError: there is no such name, or somebody else has the new one.
    """
    to = _word(to)
    old = _find(names, name)
    if any(other.name == to for other in names if other != old):
        raise InputError(tr("{name}: somebody is called so already. Join the two instead.", name=to))
    aliases = tuple(alias for alias in (old.name, *old.aliases) if alias != to)
    return [Name(to, aliases, old.kind) if each == old else each for each in names]


def join(names: Sequence[Name], name: str, into: str) -> list[Name]:
    """Say that two names are the same person's: the first becomes an alias of the second.

    Raises:
        InputError: there are no two such names.
    """
    gone, kept = _find(names, name), _find(names, into)
    if gone == kept:
        raise InputError(tr("{name}: cannot be joined with itself.", name=name))
    aliases = tuple(dict.fromkeys(form for form in (*kept.aliases, gone.name, *gone.aliases) if form != kept.name))
    return [replace(kept, aliases=aliases) if each == kept else each for each in names if each != gone]


def split(names: Sequence[Name], name: str, alias: str) -> list[Name]:
    """Say that an alias is somebody else's: it becomes a name of its own, right after the one that it was taken from.

    Raises:
        InputError: there is no such name or alias.
    """
    old = _find(names, name)
    if alias not in old.aliases:
        raise InputError(tr("{alias}: no alias of {name}.", alias=alias, name=name))
    left = replace(old, aliases=tuple(each for each in old.aliases if each != alias))
    apart = [] if any(each.name == alias for each in names) else [Name(alias, (), old.kind)]
    return [new for each in names for new in ([left, *apart] if each == old else [each])]


def add_alias(names: Sequence[Name], name: str, alias: str) -> list[Name]:
    """Give somebody one more alias.

    Raises:
        InputError: there is no such name.
    """
    old, alias = _find(names, name), _word(alias)
    aliases = tuple(dict.fromkeys([*old.aliases, *([alias] if alias != old.name else [])]))
    return [replace(old, aliases=aliases) if each == old else each for each in names]


def remove(names: Sequence[Name], name: str) -> list[Name]:
    """Say that a name is none.

    Raises:
        InputError: there is no such name.
    """
    old = _find(names, name)
    return [each for each in names if each != old]


def _find(names: Sequence[Name], name: str) -> Name:
    found = next((each for each in names if each.name == name), None)
    if found is None:
        raise InputError(tr("{name}: nobody is called so.", name=name))
    return found


def _word(text: str) -> str:
    word = " ".join(text.split())
    if not 0 < len(word) <= 40:
        raise InputError(tr("a name has 1 to 40 characters."))
    return word
