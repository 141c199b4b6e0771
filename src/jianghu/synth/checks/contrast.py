"""The gate of questions whose right answer is that the book does not hold or tell something. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .quote import letters
from .record import FREE, Ground, check_record

_DENIES = re.compile("没有|不是|并非|从未|未曾|并未|不存在|不在|不出现|没出现|没提|未提|未写|未交代|不详|未知|无此")
_FIRST = 24  # letters of an answer within which it must deny


def check_contrast(item: Mapping[str, Any], ground: Ground) -> tuple[str | None, dict[str, Any]]:
    """The reason against such a question, or None, and its fields as of a record.

    Of kind `contrast`: what is said to be absent stands in the question and nowhere in the book; there is no evidence.
    Of kind `unanswerable`: the evidence stands in the passage. Either way the answer begins by saying no.
    """
    kind = item.get("kind")
    if kind not in FREE:
        return "wrong fields", {}
    # A record about nothing has no evidence; the whole passage stands in for it.
    quote = (0, len(ground.passage)) if kind == "contrast" else None
    reason, fields = check_record(item, Ground(ground.passage, ground.book, quote, free=True))
    if reason is not None:
        return reason, fields
    if not _DENIES.search(letters(fields["answer"])[:_FIRST]):
        return "does not say no", fields
    if kind == "contrast":
        absent = item.get("absent")
        absent = absent.strip() if isinstance(absent, str) else ""
        if len(absent) < 2 or absent not in fields["question"]:
            return "wrong fields", fields
        if absent in (ground.book.text if ground.book else ground.passage):
            return "is in the book", fields
        fields |= {"absent": absent, "evidence": "", "start": None, "end": None}
    return None, fields
