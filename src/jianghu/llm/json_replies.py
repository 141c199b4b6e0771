"""A reply's text → the objects in it that were asked for, and what was wrong with the rest. Pure; never raises.

What is whole is read strictly. What is broken is repaired only if the teacher ended by itself: in a reply that was
cut off, a repair would invent the end of an object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import json_repair

from .storable import DEEPEST, storable
from .thoughts import without_thoughts

_FENCE = re.compile(r"^[ \t]*```[\w-]*[ \t]*$", re.MULTILINE)
_OPENING = {'"': '"', "“": "”", "「": "」", "＂": "＂"}
_ASCII = {
    "：": ":",
    "，": ",",
    "｛": "{",
    "｝": "}",
    "［": "[",
    "］": "]",
    "【": "[",
    "】": "]",
    "、": ",",
    "\u3000": " ",
}
_BRACKET = re.compile(r"[{\[]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
LONGEST = 200_000  # characters of a reply that are looked at
MAX_TRIES = 2_000  # brackets at which reading is tried
EFFORT = 16  # how often, in all, a text may be read over for brackets that do not close


@dataclass(frozen=True)
class Parsed:
    """The objects of a reply, in order, and its problems.

    Problems: "cut off" (the reply ended inside JSON), "not JSON", "wrong schema" (JSON without such an object),
    "no items" (an empty list: there was nothing to say), "broken object" (one for each that could not be saved),
    "not an object" (one for each stray value), "repaired" (a remark only: some of the items were mended).
    """

    items: tuple[dict[str, Any], ...]
    problems: tuple[str, ...]


def parse_reply(text: str, finished: bool, mark: str = "question", names: Mapping[str, str] | None = None) -> Parsed:
    """Read the objects that hold the field `mark` out of a reply.

    Args:
        finished: the teacher ended by itself (finish_reason "stop"). If not, objects that were complete before
            the cut are kept, and nothing is repaired or closed.
        mark: the field by which such an object is known.
        names: other names of fields, in lower case → their names.
    """
    body = _FENCE.sub("", without_thoughts(text[:LONGEST].encode("utf-8", "replace").decode("utf-8")))
    wanted = _Wanted(mark, names or {})
    found = _read(body, finished, wanted)
    if found.items and found.problems in ((), ("repaired",)):
        return found
    # What looks broken may be whole in another dress.
    for undress in (_encoded_once_more, plain_marks):
        if (other := undress(body)) is not None and other != body:
            again = _read(other, finished, wanted)
            if len(again.items) > len(found.items):
                found = again
    return found


@dataclass(frozen=True)
class _Wanted:
    """By which field an object is known, and what else fields are called."""

    mark: str
    names: Mapping[str, str]

    @property
    def marks(self) -> str:
        """A pattern for the names of the mark."""
        return "|".join(
            map(re.escape, (self.mark, *(other for other, name in self.names.items() if name == self.mark)))
        )

    def field(self, name: str) -> str:
        """The name of a field, whatever it is called."""
        plain = name.strip().lower().replace(" ", "")
        return self.names.get(plain, plain if plain.isascii() else name)


def _read(body: str, finished: bool, wanted: _Wanted) -> Parsed:
    values, broken = _strict(body)
    items, strays = _marked(values, wanted)
    # An escaped name stands inside a string; it begins no object.
    marks = rf"(?<!\\)(?:[\"'“](?:{wanted.marks})[\"'”]|(?<!\w)(?:{wanted.marks}))\s*[:：]"
    begun = len(re.findall(marks, body, re.IGNORECASE))
    problems: list[str] = []
    if broken and finished and begun > len(items):
        mended = _mended(body, items, begun, wanted)
        if len(mended) > len(items):
            items = mended
            problems.append("repaired")
    if broken and not finished:
        problems.append("cut off")
    elif items:
        problems += ["broken object"] * (begun - len(items) if broken else 0)
    else:
        problems.append(_nothing(values) if values else "not JSON" if finished else "cut off")
    return Parsed(tuple(items), (*problems, *["not an object"] * strays))


def _encoded_once_more(text: str) -> str | None:
    """JSON that was put into a JSON string, as it was before; None where it is not."""
    told = text.strip()
    for quoted in (told, f'"{told}"') if '\\"' in told else ():
        try:
            value = json.loads(quoted, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, str):
            return value
    return None


def plain_marks(text: str) -> str:
    """The text with JSON's own marks in ASCII where a teacher typed Chinese ones; strings stay as they are."""
    parts: list[str] = []
    closing = ""  # of the string that is open
    escaped = False
    for character in text:
        if closing:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == closing:
                closing, character = "", '"'
            elif character == '"':  # inside quotes of another kind
                character = '\\"'
        elif character in _OPENING:
            closing, character = _OPENING[character], '"'
        else:
            character = _ASCII.get(character, character)
        parts.append(character)
    return "".join(parts)


def _nothing(values: list[Any]) -> str:
    """What it means that JSON holds none of what was asked for."""
    return "wrong schema" if any(_full(value) for value in values) else "no items"


def _full(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return any(_full(part) for part in parts) if parts is not None else value not in (None, "")


def _strict(text: str) -> tuple[list[Any], bool]:
    """Every complete JSON object or list, outermost first, and whether one began that is not complete."""
    # A raw newline in a string is the commonest slip of a model; json lets it pass with strict=False.
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    broken, at, read = False, 0, 0
    for _ in range(MAX_TRIES):
        match = _BRACKET.search(text, at)
        if match is None:
            return values, broken
        try:
            value, at = decoder.raw_decode(text, match.start())
            values.append(value)
        except (ValueError, RecursionError) as error:
            broken, at = True, match.end()
            # Each bracket that does not close may have the rest of the text read; many of them are nonsense.
            whole = not isinstance(error, json.JSONDecodeError) or error.msg.startswith("Unterminated")
            read += (len(text) if whole else error.pos) - match.start()  # type: ignore[union-attr]
            if read > EFFORT * len(text):
                break
    return values, True


def _mended(text: str, whole: Sequence[dict[str, object]], most: int, wanted: _Wanted) -> list[dict[str, object]]:
    """The whole objects, as they were written, and between them those that a repair finds; at most `most` in all."""
    begin = _BRACKET.search(text)
    # Where brackets run wild there is nothing to mend, and the repairer takes a minute over them.
    if begin is None or len(_BRACKET.findall(text)) > MAX_TRIES:
        return []
    try:
        found, _ = _marked([json_repair.loads(text[begin.start() :])], wanted)
    except Exception:  # the repairer makes no promise, and this function must not raise
        return []
    mark = wanted.mark
    known, order = [item[mark] for item in whole], [item[mark] for item in found]
    # Where an open quote mark made text into a field's name, the repair has guessed wrong.
    sound = [item for item in found if item[mark] not in known and all(_NAME.fullmatch(name) for name in item)]
    items = [*whole, *sound[: most - len(whole)]]
    return sorted(items, key=lambda item: order.index(item[mark]) if item[mark] in order else -1)


def _marked(values: list[Any], wanted: _Wanted) -> tuple[list[dict[str, object]], int]:
    """Objects with the field that is wanted among the values, and the number of other things where they should be."""
    items: list[dict[str, object]] = []
    strays = 0
    for value in values:
        for found in _leaves(value, wanted, 0):
            if isinstance(found, dict):
                items.append(storable(found))
            else:
                strays += 1
    return items, strays


def _leaves(value: Any, wanted: _Wanted, depth: int) -> Iterator[Any]:
    fields = _named(value, wanted) if isinstance(value, dict) else {}
    if wanted.mark in fields:
        yield fields
    elif isinstance(value, dict | list) and depth < DEEPEST:
        for part in value.values() if isinstance(value, dict) else value:
            part = _unquoted(part)
            if isinstance(part, dict | list):
                yield from _leaves(part, wanted, depth + 1)
            elif isinstance(value, list) and depth:
                yield part


def _named(item: dict[str, object], wanted: _Wanted) -> dict[str, object]:
    """The fields of an object by our names; where two become one, the one that has our name stays."""
    fields: dict[str, object] = {}
    for name, value in item.items():
        ours = wanted.field(name)
        if ours not in fields or ours == name:
            fields[ours] = value
    return fields


def _unquoted(value: Any) -> Any:
    """JSON that was put into a string once more, as some servers do, is read; anything else stays."""
    if isinstance(value, str) and value.lstrip()[:2] in ('["', '{"', "[{", "[["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
