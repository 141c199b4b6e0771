"""A text of JSON objects, in one list or one a line or broken in places → the objects, and the pieces that are none.

The text comes in chunks and is never held as a whole; nothing raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import json_repair

LONGEST = 64_000  # characters of one object; a longer one is taken for a broken one
_NAMES = "question|instruction|conversations|messages|prompt|query|id"
_BEGIN = re.compile(rf'^[ \t]*\{{|\{{\s*"(?:{_NAMES})"\s*:', re.IGNORECASE | re.MULTILINE)
"""Where an object begins: at the start of a line, or by a name that records begin with."""
_BETWEEN = re.compile(r"[\s,\[\]]+|```[\w-]*")
_DECODER = json.JSONDecoder(strict=False)  # a raw newline in a string is no fault

Fate = Literal["whole", "repaired", "broken"]


@dataclass(frozen=True)
class Piece:
    """A stretch of the file: an object as it stands, one that was repaired, or something that is no object."""

    text: str
    value: dict[str, object] | None
    fate: Fate


def scan(chunks: Iterable[str]) -> Iterator[Piece]:
    """Every object of a text in order, and what lies between them.

    An object that does not parse ends where the next one begins. It is repaired only if its own last mark is there;
    one that was cut off stays broken, for a repair would invent its end.
    """
    source, buffer, at, ended = iter(chunks), "", 0, False
    while True:
        while len(buffer) - at < LONGEST and not ended:
            chunk = next(source, None)
            ended = chunk is None
            buffer, at = buffer[at:] + (chunk or ""), 0
        at = _skip(buffer, at)
        if at < len(buffer):
            piece, at = _first(buffer, at)
            yield piece
        elif ended:
            return


def _skip(text: str, at: int) -> int:
    """The place behind white space, commas, brackets and fences."""
    while match := _BETWEEN.match(text, at):
        at = match.end()
    return at


def _first(text: str, at: int) -> tuple[Piece, int]:
    """The piece that begins at a place, and where it ends."""
    if text[at] == "{":
        try:
            value, end = _DECODER.raw_decode(text, at)
            return Piece(text[at:end], value, "whole"), end
        except (ValueError, RecursionError):
            pass
    following = _BEGIN.search(text, at + 1, at + LONGEST)
    end = following.start() if following else min(len(text), at + LONGEST)
    body = text[at:end].rstrip()
    begun = text[at] == "{" and (following is not None or end == len(text))
    value = _repair(body) if begun else None
    return Piece(body, value, "broken" if value is None else "repaired"), end


def _repair(text: str) -> dict[str, object] | None:
    """The object of a text that has its end, in spite of what is wrong inside it."""
    body = text[: text.rfind("}") + 1] or text.rstrip(", ")
    if not body.endswith(("}", '"')):
        return None
    try:
        value = json_repair.loads(body)
    except Exception:  # the repairer makes no promise, and a broken line must not end the import
        return None
    return value if isinstance(value, dict) and value else None
