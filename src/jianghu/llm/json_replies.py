"""A reply's text → the objects in it that were asked for, and what was wrong with the rest. Pure; never raises.

What is whole is read strictly. What is broken is repaired only if the teacher ended by itself: in a reply that was
cut off, a repair would invent the end of an object.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import json_repair

from .thoughts import without_thoughts

_FENCE = re.compile(r"^[ \t]*```[\w-]*[ \t]*$", re.MULTILINE)
_BRACKET = re.compile(r"[{\[]")
_UNWRITABLE = re.compile("[\ud800-\udfff\x00]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
LONGEST = 200_000  # characters of a reply that are looked at
MOST_TRIES = 2_000  # brackets at which reading is tried
EFFORT = 16  # how often, in all, a text may be read over for brackets that do not close
DEEPEST = 6  # levels of lists and objects around an object that was asked for, or inside it


@dataclass(frozen=True)
class Parsed:
    """The objects of a reply, in order, and its problems.

    Problems: "cut off" (the reply ended inside JSON), "not JSON", "wrong schema" (JSON without such an object),
    "no items" (an empty list: there was nothing to say), "broken object" (one for each that could not be saved),
    "not an object" (one for each stray value), "repaired" (a remark only: some of the items were mended).
    """

    items: tuple[dict[str, Any], ...]
    problems: tuple[str, ...]


def parse_reply(text: str, finished: bool, mark: str = "question") -> Parsed:
    """Read the objects that hold the field `mark` out of a reply.

    Args:
        finished: the teacher ended by itself (finish_reason "stop"). If not, objects that were complete before
            the cut are kept, and nothing is repaired or closed.
        mark: the field by which such an object is known.
    """
    body = _FENCE.sub("", without_thoughts(text[:LONGEST].encode("utf-8", "replace").decode("utf-8")))
    values, broken = _strict(body)
    items, strays = _marked(values, mark)
    # An escaped name stands inside a string; it begins no object.
    begun = len(re.findall(rf"(?<!\\)[\"'“]?\b{mark}[\"'”]?\s*[:：]", body))
    problems: list[str] = []
    if broken and finished and begun > len(items):
        mended = _mended(body, items, begun, mark)
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
    for _ in range(MOST_TRIES):
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


def _mended(text: str, whole: Sequence[dict[str, Any]], most: int, mark: str) -> list[dict[str, Any]]:
    """The whole objects, as they were written, and between them those that a repair finds; at most `most` in all."""
    begin = _BRACKET.search(text)
    # Where brackets run wild there is nothing to mend, and the repairer takes a minute over them.
    if begin is None or len(_BRACKET.findall(text)) > MOST_TRIES:
        return []
    try:
        found, _ = _marked([json_repair.loads(text[begin.start() :])], mark)
    except Exception:  # the repairer makes no promise, and this function must not raise
        return []
    known, order = [item[mark] for item in whole], [item[mark] for item in found]
    # Where an open quote mark made text into a field's name, the repair has guessed wrong.
    sound = [item for item in found if item[mark] not in known and all(_NAME.fullmatch(name) for name in item)]
    items = [*whole, *sound[: most - len(whole)]]
    return sorted(items, key=lambda item: order.index(item[mark]) if item[mark] in order else -1)


def _marked(values: list[Any], mark: str) -> tuple[list[dict[str, Any]], int]:
    """Objects with the field `mark` among the values, and the number of other things where they should be."""
    items: list[dict[str, Any]] = []
    strays = 0
    for value in values:
        for found in _leaves(value, mark, 0):
            if isinstance(found, dict):
                items.append(storable(found))
            else:
                strays += 1
    return items, strays


def _leaves(value: Any, mark: str, depth: int) -> Iterator[Any]:
    if isinstance(value, dict) and mark in value:
        yield value
    elif isinstance(value, dict | list) and depth < DEEPEST:
        for part in value.values() if isinstance(value, dict) else value:
            part = _unquoted(part, mark)
            if isinstance(part, dict | list):
                yield from _leaves(part, mark, depth + 1)
            elif isinstance(value, list) and depth:
                yield part


def _unquoted(value: Any, mark: str) -> Any:
    """JSON that was put into a string once more, as some servers do, is read; anything else stays."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") and f'"{mark}"' in value:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def storable(value: Any, depth: int = 0) -> Any:
    """The value as it can be written as UTF-8 and JSON, and read again.

    Half a surrogate pair and NUL become U+FFFD, which no gate lets through; numbers that are none, and what lies too
    deep, become None.
    """
    if isinstance(value, str):
        return _UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 63 else None
    if isinstance(value, dict | list) and depth >= DEEPEST:
        return None
    if isinstance(value, dict):
        return {storable(str(key)): storable(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [storable(part, depth + 1) for part in value]
    return value
