"""The JSON schemas of what a teacher is asked for, one for each sort of item.

No maxLength and no maxItems: llama.cpp's grammar for them makes it eight times slower.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_NUMBER = {"type": "integer"}


def _list_of(name: str, fields: dict[str, object]) -> dict[str, Any]:
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

FIELD_NAMES = {
    **dict.fromkeys(("q", "query", "问题", "问", "提问", "题目"), "question"),
    **dict.fromkeys(("a", "ans", "答案", "答", "回答"), "answer"),
    **dict.fromkeys(("shortanswer", "short", "简短答案", "短答案", "简答"), "short_answer"),
    **dict.fromkeys(("alias", "别名", "其他答案"), "aliases"),
    **dict.fromkeys(("type", "类型", "种类", "类别"), "kind"),
    **dict.fromkeys(("证据", "依据", "原文"), "evidence"),
    **dict.fromkeys(("事实", "陈述"), "statement"),
    **dict.fromkeys(("引文", "引用"), "quote"),
    **dict.fromkeys(("名字", "姓名"), "name"),
    **dict.fromkeys(("书", "书名"), "book"),
    **dict.fromkeys(("章", "章节", "回"), "chapter"),
    **dict.fromkeys(("文本", "内容"), "text"),
}
"""What teachers and other programs call the fields, in lower case and without blanks → our names."""
