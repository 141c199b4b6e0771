"""The JSON schemas of what a teacher is asked for, one for each sort of item.

No maxLength and no maxItems: llama.cpp's grammar for them makes it eight times slower.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_NUMBER = {"type": "integer"}


def _list_of(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """{name: [{fields}, …]}, all fields required and no others."""
    item = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    items = {name: {"type": "array", "items": item}}
    return {"type": "object", "properties": items, "required": [name], "additionalProperties": False}


_ANSWER = {"question": _TEXT, "answer": _TEXT, "short_answer": _TEXT, "aliases": _TEXTS}
RECORDS = _list_of("records", {**_ANSWER, "kind": _TEXT, "evidence": _TEXT})
FACTS = _list_of("facts", {"statement": _TEXT, "quote": _TEXT, "kind": _TEXT, "answer": _TEXT, "reverse": _TEXT})
WORDINGS = _list_of("records", {"fact": _NUMBER, "wording": _NUMBER, **_ANSWER})
CONTRASTS = _list_of("records", {**_ANSWER, "kind": _TEXT, "absent": _TEXT, "evidence": _TEXT})
PAIRS = _list_of("records", {"question": _TEXT, "answer": _TEXT})
NAMES = _list_of("names", {"name": _TEXT, "aliases": _TEXTS, "kind": _TEXT})
TEXTS = _list_of("texts", {"text": _TEXT})
