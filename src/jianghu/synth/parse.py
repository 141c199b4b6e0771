"""A reply's text → the objects in it that look like records, and what was wrong. Pure; never raises.

What is whole is read strictly. What is broken is repaired only if the teacher ended by itself: in a reply that was
cut off, a repair would invent the end of a record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import json_repair

_THINK = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*```[\w-]*[ \t]*$", re.MULTILINE)
_BRACKET = re.compile(r"[{\[]")
LONGEST = 200_000  # characters of a reply that are looked at
MOST_TRIES = 2_000  # brackets at which reading is tried
DEEPEST = 6  # levels of lists and objects around a record


@dataclass(frozen=True)
class Parsed:
    """Objects with a `question`, in order, and the problems: not JSON, cut off, repaired, not an object."""

    items: tuple[dict[str, Any], ...]
    problems: tuple[str, ...]


def parse_reply(text: str, finished: bool) -> Parsed:
    """Read the records out of a reply.

    Args:
        finished: the teacher ended by itself (finish_reason "stop"). If not, objects that were complete before
            the cut are kept, and nothing is repaired or closed.
    """
    body = _without_thoughts(text.encode("utf-8", "replace").decode("utf-8")[:LONGEST])
    values, broken = _strict(body)
    items, strays = _records(values)
    problems: list[str] = []
    if broken and finished:
        mended, mended_strays = _records([_repair(body)])
        if len(mended) > len(items):
            items, strays = mended, mended_strays
            problems.append("repaired")
    elif broken:
        problems.append("cut off")
    if not items and "cut off" not in problems:
        problems.append("no records" if values else "not JSON" if finished else "cut off")
    return Parsed(tuple(items), (*problems, *["not an object"] * strays))


def _without_thoughts(text: str) -> str:
    """The text without think blocks (also one whose beginning the server swallowed, or that never ends)."""
    text = _THINK.sub("", text)
    for end in ("</think>", "</thinking>"):
        text = text.rpartition(end)[2]
    text = re.split(r"<think(?:ing)?>", text, maxsplit=1)[0]
    return _FENCE.sub("", text)


def _strict(text: str) -> tuple[list[Any], bool]:
    """Every complete JSON object or list, outermost first, and whether one began that is not complete."""
    # A raw newline in a string is the commonest slip of a model; json lets it pass with strict=False.
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    broken, at = False, 0
    for _ in range(MOST_TRIES):
        match = _BRACKET.search(text, at)
        if match is None:
            return values, broken
        try:
            value, at = decoder.raw_decode(text, match.start())
            values.append(value)
        except (ValueError, RecursionError):
            broken, at = True, match.end()
    return values, True


def _repair(text: str) -> Any:
    begin = _BRACKET.search(text)
    # Where brackets run wild there is nothing to mend, and the repairer takes a minute over them.
    if begin is None or "question" not in text or len(_BRACKET.findall(text)) > MOST_TRIES:
        return None
    try:
        return json_repair.loads(text[begin.start() :])
    except Exception:  # the repairer makes no promise, and this function must not raise
        return None


def _records(values: list[Any]) -> tuple[list[dict[str, Any]], int]:
    """Objects with a question among the values, and the number of other things where records should be."""
    items: list[dict[str, Any]] = []
    strays = 0
    for value in values:
        for found in _leaves(value, 0):
            if isinstance(found, dict):
                items.append({key: _clean(part) for key, part in found.items()})
            else:
                strays += 1
    return items, strays


def _leaves(value: Any, depth: int) -> Iterator[Any]:
    if isinstance(value, dict) and "question" in value:
        yield value
    elif isinstance(value, dict | list) and depth < DEEPEST:
        for part in value.values() if isinstance(value, dict) else value:
            if isinstance(part, dict | list):
                yield from _leaves(part, depth + 1)
            elif isinstance(value, list) and depth:
                yield part


def _clean(value: Any) -> Any:
    """Half a surrogate pair cannot be written as UTF-8; it becomes U+FFFD, which no gate lets through."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [_clean(part) for part in value]
    return value
