"""Styles of numbered headings that no keyword marks: 12、X · 001 X · 一 · (3)X · X（三） · 雪山录12 · IV.

A line goes in; the styles that it could be of come out, each with the number and the title it would have. Whether it is
a heading only the whole book can tell: see `structure`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .numbers import NUMERALS, number_of

LONGEST = 60
"""Characters above which a line is no heading of these styles."""
MARKS = "☆★✦✧◎●■◆▲△▼※◇□○♦♣♠♥#＃§"
"""Marks that some sites put before every title."""
_ORNAMENT = re.compile(rf"^[{MARKS}*＊=＝~～—─_<>〈〉·•\s-]+|[*＊=＝~～—─_<>〈〉·•\s-]+$")
_NUMBER = rf"(?:(?P<arabic>[0-9０-９]{{1,4}})|(?P<han>[{NUMERALS[:-6]}]{{1,7}})|(?P<roman>[IVXLC]{{1,7}}(?![A-Za-z])))"
_LEADING = re.compile(
    rf"(?:(?P<open>[（(【\[〔〖［｛《])\s?)?{_NUMBER}(?:\s?(?P<close>[)）】\]〕〗］｝》]))?"
    r"(?P<mark>[、.．:：,，_·]|\s?[—–-]+|\s+|)(?P<title>.*)",
    re.DOTALL,
)
_TRAILING = re.compile(
    rf"(?P<title>[^\n。！？…“”]{{1,24}}?)(?P<mark>[\s·:：_—-]*)(?P<open>[（(【\[〔]?)\s?{_NUMBER}\s?(?P<close>[)）】\]〕]?)",
    re.DOTALL,
)
_SIGNED = re.compile(rf"(?P<sign>[{MARKS}])[、.\s]*(?P<title>[^\n]{{1,40}})")
_NUMERAL = re.compile(rf"[{NUMERALS}]")
_ENDS = "。！？!?…”；;，,、：:"


@dataclass(frozen=True)
class Style:
    """What the headings of one style have in common; `number` and `title` are left out of it.

    Attributes:
        kind: leading, trailing, named (a constant name before the number) or signed (a mark and no number).
        numeral: arabic, han, roman, or "" without number.
        frame: the marks around the number, and a name that does not change.
    """

    kind: str
    numeral: str
    frame: str


@dataclass(frozen=True)
class Candidate:
    """A line read in one style."""

    style: Style
    number: int | None
    title: str


def candidates(line: str) -> list[Candidate]:
    """The styles that a stripped line could be a heading of; empty for most lines of prose."""
    if not line or len(line) > LONGEST:
        return []
    found = []
    if line[0] in MARKS and (signed := _SIGNED.fullmatch(line)) is not None and line[-1] not in _ENDS:
        found.append(Candidate(Style("signed", "", signed["sign"]), None, line))
    bare = _ORNAMENT.sub("", line)
    if _NUMERAL.search(bare) is None and not bare[:1].isascii():
        return found
    if (leading := _leading(bare)) is not None:
        found.append(leading)
    if line[-1] not in _ENDS and (trailing := _TRAILING.fullmatch(bare)) is not None:
        found += _trailing(trailing, bare)
    return found


def _leading(line: str) -> Candidate | None:
    match = _LEADING.fullmatch(line)
    if match is None:
        return None
    title, mark = match["title"].strip(), match["mark"].strip() or (" " if match["mark"] else "")
    closed = bool(match["open"] and match["close"])
    if title and not mark and not closed:
        return None  # 三人行, 1998年
    if title and (title[-1] in "，,、；;" or len(title) > 40):
        return None
    if title and mark in (".", "．") and title[0].isdigit():
        return None  # 3.14
    if bool(match["open"]) != bool(match["close"]) and match["close"] not in ("）", ")"):
        return None
    frame = f"{match['open'] or ''}#{match['close'] or ''}{mark if title or mark != ' ' else ''}"
    return _read(match, "leading", frame, line)


def _trailing(match: re.Match[str], line: str) -> list[Candidate]:
    name, closed = match["title"].strip(), bool(match["open"] and match["close"])
    if bool(match["open"]) != bool(match["close"]) or len(name) < 2 or (not closed and name[-1].isdigit()):
        return []
    found = [_read(match, "named", f"{name}{match['open']}#{match['close']}", line)]
    if closed:
        found.append(_read(match, "trailing", f"{match['open']}#{match['close']}", line))
    return [candidate for candidate in found if candidate is not None]


def _read(match: re.Match[str], kind: str, frame: str, line: str) -> Candidate | None:
    numeral = next(name for name in ("arabic", "han", "roman") if match[name])
    number = number_of(match[numeral])
    return None if number is None or number > 3000 else Candidate(Style(kind, numeral, frame), number, line)
