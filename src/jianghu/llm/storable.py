"""What a model or a file says → what can be stored: text as UTF-8, values as JSON that everything reads."""

from __future__ import annotations

import math
import re
from typing import Any

DEEPEST = 6  # levels of lists and objects that are kept
_UNWRITABLE = re.compile("[\ud800-\udfff\x00]")


def writable(text: str) -> str:
    """The text without what cannot be stored: halves of surrogate pairs and NUL become U+FFFD, which no gate passes."""
    return _UNWRITABLE.sub("\ufffd", text)


def storable(value: Any, depth: int = 0) -> Any:
    """The value as it can be written as UTF-8 and JSON, and read again.

    Text becomes `writable`; numbers that are none, and what lies too deep, become None.
    """
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 63 else None
    if isinstance(value, dict | list | tuple) and depth >= DEEPEST:
        return None
    if isinstance(value, dict):
        return {writable(str(key)): storable(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [storable(part, depth + 1) for part in value]
    return value if value is None or isinstance(value, bool) else str(value)
