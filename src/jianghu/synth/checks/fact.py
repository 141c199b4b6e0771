"""The gates of what is not a question: facts with quotes, names, and texts for pretraining. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from ...names import Kind
from .names import KnownBook
from .numerals import numbers_in, numerals_in
from .quote import letters, locate
from .record import MAX_CHARACTERS, MAX_KIND, Ground
from .wording import copied, garbage, half, leans

MAX_STATEMENT = 160  # characters
NAME_LENGTH = range(2, 13)  # characters of a name; a single one is a word of the language
LONGEST_RETOLD = 40  # letters in a row that a retelling may share with the book; it should use words of its own
SHARE_NEW = 0.5  # least share of a retelling's 4-grams that do not stand in the text that it retells
_NOBODY = re.compile(
    "[他她它我你您咱俺]们?|众人|大家|那[人汉厮]|[此这该某]人|老[者汉儿人丈]|小[二人]|先生|夫人|员外|大[王人哥]|将军|和尚|道人|"
    "姑娘|公子|丫[头鬟]|军[士兵]|店家|庄客|百姓|皇[上帝]|陛下"
)


def check_fact(item: Mapping[str, Any], ground: Ground) -> tuple[str | None, dict[str, Any]]:
    """The reason against a fact, or None, and its fields: statement, quote, start, end, kind, answer, reverse."""
    texts = {name: item.get(name) for name in ("statement", "quote", "answer")}
    if not all(isinstance(text, str) for text in texts.values()):
        return "wrong fields", {}
    fields: dict[str, Any] = {name: " ".join(str(text).split()) for name, text in texts.items()}
    if not all(fields.values()):
        return "empty", fields
    if len(fields["statement"]) > MAX_STATEMENT or len(fields["quote"]) > MAX_CHARACTERS["evidence"]:
        return "too long", fields
    if garbage(fields["statement"]):
        return "garbage", fields
    if leans(fields["statement"]):
        return "leans on the passage", fields
    span = locate(fields["quote"], ground.passage)
    if span is None:
        return "evidence not found", fields
    kind, reverse = item.get("kind"), item.get("reverse")
    fields |= {"start": span[0], "end": span[1], "quote": ground.passage[slice(*span)]}
    fields["kind"] = kind.strip()[:MAX_KIND] if isinstance(kind, str) and kind.strip() else "other"
    fields["reverse"] = reverse.strip() if isinstance(reverse, str) else ""
    return _reason(fields, ground), fields


def _reason(fields: Mapping[str, Any], ground: Ground) -> str | None:
    statement = fields["statement"]
    if half(statement):
        return "half an answer"
    if ground.book and ground.book.foreign(statement):
        return "name of another book"
    if ground.book and ground.book.invented(statement, "", ground.passage):
        return "name not in the book"
    if numbers_in(statement) - numerals_in(ground.passage):
        return "number not in the evidence"
    return None


def check_name(item: Mapping[str, Any], passage: str) -> tuple[str | None, dict[str, Any]]:
    """The reason against a name, or None, and its fields: name, aliases, kind. All forms stand in the passage."""
    name, aliases, kind = item.get("name"), item.get("aliases"), item.get("kind")
    if not isinstance(name, str) or not name.strip():
        return "wrong fields", {}
    name = name.strip()
    given = [alias.strip() for alias in aliases if isinstance(alias, str)] if isinstance(aliases, list) else []
    own = sorted({alias for alias in given if alias != name and _is_name(alias) and alias in passage})
    fields = {"name": name, "aliases": own, "kind": kind if kind in get_args(Kind) else "other"}
    if name not in passage:
        return "name not in the passage", fields
    return (None if _is_name(name) else "no name"), fields


def _is_name(text: str) -> bool:
    return len(text) in NAME_LENGTH and not garbage(text) and not _NOBODY.fullmatch(text)


def check_text(
    item: Mapping[str, Any], source: str, book: KnownBook | None, lengths: tuple[int, int]
) -> tuple[str | None, dict[str, Any]]:
    """The reason against a retelling, or None, and its field: text.

    Args:
        source: what it retells.
        lengths: least and most characters.
    """
    text = item.get("text")
    if not isinstance(text, str):
        return "wrong fields", {}
    fields = {"text": "\n".join(line.strip() for line in text.splitlines() if line.strip())}
    text = fields["text"]
    if len(text) < lengths[0]:
        return "too short", fields
    if len(text) > lengths[1]:
        return "too long", fields
    if garbage(text):
        return "garbage", fields
    if leans(text):
        return "leans on the passage", fields
    if half(text) or text[-1] not in "。！？…”’」』）.!?":
        return "half an answer", fields
    if book and book.foreign(text):
        return "name of another book", fields
    if book and book.invented(text, "", source):
        return "name not in the book", fields
    if numbers_in(text) - numerals_in(source):
        return "number not in the evidence", fields
    return ("copied sentence" if copied(text, source, LONGEST_RETOLD) or _old(text, source) else None), fields


def _old(text: str, source: str) -> bool:
    """Whether a text is mostly its source, a little changed."""
    told, source = letters(text), letters(source)
    grams = [told[at : at + 4] for at in range(len(told) - 3)]
    return sum(gram not in source for gram in grams) < SHARE_NEW * len(grams)


def seen_before(text: str, earlier: Sequence[str]) -> bool:
    """Whether a statement has been made before, marks aside."""
    return letters(text) in {letters(other) for other in earlier}
