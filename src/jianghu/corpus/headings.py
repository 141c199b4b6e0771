"""Which lines are chapter headings. A line goes in; a `Heading` with title and number comes out, or None.

Prose such as 第二回合他又输了，… is told from a heading by what follows the unit, by punctuation and length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .numbers import NUMERALS, number_of

MARK = "\x02"
"""Stands before a line that the file's own markup calls a heading (`# …`, <h2>); no other text can hold it."""

_PREFIX = r"(?P<prefix>(?!第)[^\s，。！？；：、“”\"「」]{1,15}\s+|《[^》]{1,15}》\s*)?"
_NUMBERED = re.compile(
    rf"{_PREFIX}第\s?(?P<number>[{NUMERALS}]{{1,9}})\s?(?P<unit>[回囘章节節卷部集篇])(?P<rest>.*)", re.DOTALL
)
_INNER = re.compile(rf"\s第\s?(?P<number>[{NUMERALS}]{{1,9}})\s?(?P<unit>[回囘章节節])(?:\s|$)")
_NAMED = re.compile(
    rf"{_PREFIX}(?:楔子|引子|引言|序[章言幕]?|[自原]序|前言|尾[声聲]|[后後][记記]|[终終]章|附[录錄]|跋"
    rf"|番外篇?(?:\s?[{NUMERALS}]{{1,3}})?)(?P<rest>(?:[\s:：·、—-]+[^。，；！？,;]{{1,30}})?)"
)
_ENGLISH = re.compile(
    r"(?P<unit>C(?:hapter|HAPTER)|P(?:art|ART)|B(?:ook|OOK)|V(?:olume|OLUME))\s+"
    r"(?P<number>\d{1,4}|[IVXLC]{1,8}|[A-Za-z]{3,9})(?P<rest>(?:[\s.:—–-].{0,70})?)"
)
_ENGLISH_NAMED = re.compile(r"(?:Prologue|Epilogue|Preface|Foreword|Introduction|Afterword)[.:]?", re.IGNORECASE)

_NOT_A_UNIT = {
    "回": "合来來去家头頭目想答应應到",
    "章": "程法鱼魚",
    "节": "目课課点點日",
    "節": "目課點日",
    "部": "分队隊门門下长長将將落署",
    "集": "团團合市",
    "篇": "文幅",
    "卷": "宗",
}
"""What, right after the unit, makes another word of it: 回合, 节目, 部队 …"""

_PAGE_NUMBER = re.compile(r"[\s.…·．]{2,}\d{0,4}$")


@dataclass(frozen=True)
class Heading:
    """A line read as a heading.

    Attributes:
        title: the line without what does not belong to it (book name, 正文, page number).
        number: the chapter's number; None for 楔子 and its kind.
        unit: 回, 章, Chapter …; "" for those without number.
        sure: False if only its place among rising numbers can tell it from prose (第一章风起).
        prefix: words before 第…, to be believed only if they recur.
    """

    title: str
    number: int | None
    unit: str
    sure: bool
    prefix: str


def parse_heading(line: str) -> Heading | None:
    """Read one line, already stripped, as a heading; None if it is prose."""
    marked = line.startswith(MARK)
    text = _PAGE_NUMBER.sub("", line.removeprefix(MARK).strip())
    if not text or len(text) > (100 if marked else 60 if not text.isascii() else 90):
        return None
    return _numbered(text) or _named(text) or _english(text) or (Heading(text, None, "", True, "") if marked else None)


def _numbered(text: str) -> Heading | None:
    match = _NUMBERED.fullmatch(text)
    if match is None or (number := number_of(match["number"])) is None:
        return None
    rest, unit = match["rest"], match["unit"]
    if rest and rest[0] in " :：、.．·—-–|":
        if re.search(r"[。；;]|[，,、]$", rest) or rest.count("，") > 2:
            return None
        sure = True
    elif rest:
        if rest[0] in _NOT_A_UNIT.get(unit, "") or len(rest) > 24 or re.search(r"[，。；：！？“”…,;]", rest):
            return None
        sure = False
    else:
        sure = True
    if (inner := _INNER.search(rest)) is not None:  # 第一卷 风云 第三章 初见: the chapter's number counts
        number, unit = number_of(inner["number"]) or number, inner["unit"]
    prefix = match["prefix"] or ""
    return Heading(text[len(prefix) :], number, unit, sure, prefix.strip())


def _named(text: str) -> Heading | None:
    match = _NAMED.fullmatch(text)
    if match is None:
        return None
    prefix = match["prefix"] or ""
    return Heading(text[len(prefix) :], None, "", True, prefix.strip())


def _english(text: str) -> Heading | None:
    if _ENGLISH_NAMED.fullmatch(text):
        return Heading(text, None, "", True, "")
    match = _ENGLISH.fullmatch(text)
    if match is None or (number := number_of(match["number"])) is None:
        return None
    if re.search(r"[.,;]$", match["rest"]) and len(match["rest"]) > 1:
        return None
    if match["rest"][:1] == " " and match["rest"].strip()[:1].islower():
        return None
    return Heading(text, number, match["unit"].capitalize(), True, "")


def find_headings(lines: list[str], book: str) -> dict[int, Heading]:
    """The headings among a book's lines, by line index.

    A prefix is believed (and taken off) if it is 正文, the book's name, or recurs; a heading that is not sure
    is believed if its number goes on from the one before.
    """
    read = {index: heading for index, line in enumerate(lines) if (heading := parse_heading(line)) is not None}
    prefixes: dict[str, int] = {}
    for heading in read.values():
        prefixes[heading.prefix] = prefixes.get(heading.prefix, 0) + 1
    names = {"", "正文", book, f"《{book}》"}
    numbered = sum(heading.number is not None and heading.sure for heading in read.values())
    result: dict[int, Heading] = {}
    last: dict[str, int] = {}
    for index, heading in read.items():
        if heading.prefix not in names and prefixes[heading.prefix] < 3:
            continue
        if numbered >= 3 and lines[index].startswith(MARK) and not _is_chapter(lines[index]):
            continue  # sections inside chapters
        if heading.number is not None:
            if not heading.sure and not _goes_on(heading, last, list(read.values())):
                continue
            last[heading.unit] = heading.number
        result[index] = heading
    return result


def _is_chapter(marked_line: str) -> bool:
    return parse_heading(marked_line.removeprefix(MARK)) is not None


def _goes_on(heading: Heading, last: dict[str, int], read: list[Heading]) -> bool:
    number, before = heading.number or 0, last.get(heading.unit, 0)
    if number == 1:
        return any(other.unit == heading.unit and other.number == 2 for other in read)
    return before < number <= before + 3


def _word(number: int, unit: str) -> str:
    return f"{unit} {number}" if unit.isascii() else f"第{number}{unit}"


def numbering_faults(titles: list[str]) -> list[str]:
    """Missing, doubled and backward chapter numbers, such as "第12回 missing"; a new volume may begin at 1 again."""
    faults = []
    before: dict[str, int] = {}
    for title in titles:
        heading = parse_heading(title)
        if heading is None or heading.number is None:
            continue
        number, unit = heading.number, heading.unit
        last = before.get(unit)
        if last is not None and number != 1:
            if number == last:
                faults.append(f"{_word(number, unit)} doubled")
            elif number < last:
                faults.append(f"{_word(number, unit)} after {_word(last, unit)}")
            elif number == last + 2:
                faults.append(f"{_word(last + 1, unit)} missing")
            elif number > last + 1:
                faults.append(f"{_word(last + 1, unit)} to {_word(number - 1, unit)} missing")
        elif last is None and number > 1 and unit not in "卷部集篇":
            faults.append(f"begins at {_word(number, unit)}")
        elif last == 1:
            faults.append(f"{_word(1, unit)} doubled")
        before[unit] = number
    return faults
