"""Which lines are chapter headings. A line goes in; a `Heading` with title and number comes out, or None.

Prose such as 第二回合他又输了，… is told from a heading by what follows the unit, by punctuation and length. What a
line alone cannot tell, `find_headings` learns from the book.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..messages import tr
from .numbers import NUMERALS, number_of

MARK = "\x02"
"""Stands before a line that the file's own markup calls a heading (`# …`, <h2>); no other text can hold it."""

UNITS = "回囘章节節卷部集篇话話幕折场場讲講季"
VOLUMES = "卷部集篇季"
"""Units of which one holds many chapters."""
_UNIT = f"(?:部分|[{UNITS}])"
_ORNAMENT = "☆★✦✧◎●■◆▲△※◇□○#＃*＊=＝~～—–_<>〈〉·•、"
_OPENS, _CLOSES = "【〖［\\[（(〔「『《", "】〗］\\]）)〕」』》"
_PREFIX = r"(?P<prefix>(?!第)[^\s，。！？；：、“”\"「」]{1,15}\s+|《[^》]{1,15}》\s*)?"
_NUMBERED = re.compile(
    rf"{_PREFIX}[{_OPENS}]?(?:第\s{{0,4}}(?P<number>[{NUMERALS}]{{1,9}})\s{{0,4}}(?P<unit>{_UNIT})"
    rf"|(?P<unit2>[卷章回])(?P<number2>[{NUMERALS}]{{1,7}})[上中下]?(?=[\s:：、.．{_CLOSES}]|$))(?P<close>[{_CLOSES}]?)(?P<rest>.*)",
    re.DOTALL,
)
_INNER = re.compile(
    rf"第\s{{0,4}}(?P<number>[{NUMERALS}]{{1,9}})\s{{0,4}}(?P<unit>[回囘章节節话話])(?P<close>[{_CLOSES}]?)(?P<rest>.*)",
    re.DOTALL,
)
_NAMED = re.compile(
    rf"{_PREFIX}[{_OPENS}]?(?:楔子|引子|引言|序[章言幕曲]?|[自原前]序|前言|尾[声聲]|[后後][记記]|[终終]章|[终終]曲|[结結][语語局]|大[结結]局|附[录錄]|跋"
    rf"|番外篇?(?:\s?[{NUMERALS}]{{1,3}})?|外[传傳])[{_CLOSES}]?(?P<rest>(?:[\s:：·、—-]+[^。，；！？,;]{{1,30}})?)"
)
_ENGLISH = re.compile(
    r"(?P<unit>C(?:hapter|HAPTER)|chapter|P(?:art|ART)|B(?:ook|OOK)|V(?:olume|OLUME)|E(?:pisode|PISODE)|S(?:ection|ECTION)|ＣＨＡＰＴＥＲ)"
    r"[\s.:·_-]{0,3}(?P<number>\d{1,4}|[０-９]{1,4}|(?<![a-zA-Z])(?:[IVXLC]{1,8}|[A-Za-z]{3,9}))(?![a-z])(?P<rest>(?:[\s.:：—–、-].{0,70})?)"
)
_ENGLISH_NAMED = re.compile(r"(?:Prologue|Epilogue|Preface|Foreword|Introduction|Afterword)[.:]?", re.IGNORECASE)

_MAY_SAY = re.compile(r"[第卷章回楔引序言尾后後终終结結附跋番外]|^\W{0,9}[CPBVESＣcp]", re.IGNORECASE)
"""What every heading holds that says what it is."""
_NOT_A_UNIT = {
    "回": "合来來去家头頭目想答应應到",
    "章": "程法鱼魚",
    "节": "目课課点點日",
    "節": "目課點日",
    "部": "分队隊门門下长長将將落署",
    "集": "团團合市",
    "篇": "文幅",
    "卷": "宗",
    "话": "题題音说說筒",
    "話": "題音說筒",
    "场": "地所合面景面雨雪戏戲",
    "場": "地所合面景雨雪戲",
    "季": "度节",
    "幕": "后後僚",
}
"""What, right after the unit, makes another word of it: 回合, 节目, 部队 …"""

_INLINE = re.compile(
    rf"(?P<head>第\s?(?P<number>[{NUMERALS}]{{1,9}})\s?(?P<unit>[{UNITS}]))(?P<rest>[\s:：].*)", re.DOTALL
)
_PAGE_NUMBER = re.compile(r"[\s.…·．]{2,60}\d{0,4}$")
_LONGEST, _LONGEST_LATIN, _LONGEST_MARKED = 60, 90, 100


@dataclass(frozen=True)
class Heading:
    """A line read as a heading.

    Attributes:
        title: the line without what does not belong to it (book name, 正文, page number, ornaments).
        number: the chapter's number; None for 楔子 and its kind.
        unit: 回, 章, Chapter …; "" for those without number.
        sure: False if only its place among rising numbers can tell it from prose (第一章风起).
        prefix: words before 第…, to be believed only if they recur.
        prose: what stands behind the title on the same line and belongs to the text.
    """

    title: str
    number: int | None
    unit: str
    sure: bool
    prefix: str
    prose: str = ""


def parse_heading(line: str) -> Heading | None:
    """Read one line, already stripped, as a heading; None if it is prose."""
    marked = line.startswith(MARK)
    text = line.removeprefix(MARK).strip()
    if not text or len(text) > (_LONGEST_MARKED if marked else _LONGEST_LATIN if text.isascii() else _LONGEST):
        return None
    if not marked and not text.isascii() and _MAY_SAY.search(text) is None:
        return None
    text = _PAGE_NUMBER.sub("", text)
    bare = text.strip(_ORNAMENT + " \u3000")
    if not bare:
        return Heading(text, None, "", True, "") if marked and text else None
    found = _numbered(bare) or _named(bare) or _english(bare)
    return found or (Heading(text, None, "", True, "") if marked else None)


def _numbered(text: str) -> Heading | None:
    match = _NUMBERED.fullmatch(text)
    if match is None:
        return None
    number, unit = number_of(match["number"] or match["number2"]), match["unit"] or match["unit2"]
    if number is None:
        return None
    rest = match["rest"]
    inner = _INNER.match(rest.lstrip(" \u3000·:：、.")) if unit[0] in VOLUMES else None
    if inner is None and (at := rest.find(" 第")) >= 0 and unit[0] in VOLUMES + "章回":
        inner = _INNER.match(rest, at + 1)
    if (
        inner is not None and inner["unit"] != unit
    ):  # 第一卷 风云 第三章 初见, 第二集第五章: the chapter's number counts
        number, unit = number_of(inner["number"]) or number, inner["unit"]
    sure = _is_title(match["close"], (inner or match)["rest"] if inner is not None else rest, unit)
    if sure is None:
        return None
    prefix = match["prefix"] or ""
    return Heading(_untangled(text[len(prefix) :]), number, unit, sure, prefix.strip())


def _is_title(close: str, rest: str, unit: str) -> bool | None:
    """Whether what follows the unit is a title: surely, perhaps (False), or not at all (None)."""
    if not rest or close:
        return not rest or (len(rest) <= 40 and not re.search(r"[。；;]|[，,、]$", rest))
    if rest[0] in " \u3000\t\xa0:：、.．·—-–|_":
        if re.search(r"[，,、]$", rest) or rest.count("，") > 3 or len(rest) > 50:
            return None
        return not (re.search(r"[。；;]|“.*[^”]$", rest) or rest.count("，") > 2)
    if rest[0] in _NOT_A_UNIT.get(unit, "") or len(rest) > 24 or re.search(r"[，。；：…,;]", rest):
        return None
    return False


def _untangled(text: str) -> str:
    """A title without the brackets around its number (【第三章】风起)."""
    match = re.match(rf"[{_OPENS}]([^{_CLOSES}]{{1,20}})[{_CLOSES}]\s*(.*)", text, re.DOTALL)
    if match is None:
        return text.strip()
    return f"{match[1].strip()} {match[2].strip()}".strip()


def _named(text: str) -> Heading | None:
    match = _NAMED.fullmatch(text)
    if match is None:
        return None
    prefix = match["prefix"] or ""
    return Heading(_untangled(text[len(prefix) :]), None, "", True, prefix.strip())


def _english(text: str) -> Heading | None:
    if _ENGLISH_NAMED.fullmatch(text):
        return Heading(text, None, "", True, "")
    match = _ENGLISH.fullmatch(text)
    if match is None or (number := number_of(match["number"])) is None:
        return None
    rest = match["rest"].strip()
    unit = "Chapter" if match["unit"] == "ＣＨＡＰＴＥＲ" else match["unit"].capitalize()
    if re.search(r"[,;]$", rest) or (re.match(r"[\s]", match["rest"]) and rest[:1].islower()):
        return None
    titled = rest.rstrip(".").count(".") == 0 and len(rest) <= 60
    return Heading(text, number, unit, titled or not rest, "")


def inline_heading(line: str) -> Heading | None:
    """A heading with prose behind it on its line (第三章 风起　　他推开门，…); the title ends at the first blank."""
    match = _INLINE.match(line)
    if match is None or (number := number_of(match["number"])) is None:
        return None
    rest = match["rest"].lstrip(" \u3000\t:：")
    first, _, after = rest.partition("\u3000")
    if not after or len(first) > 30:
        first, _, after = rest.partition(" ")
    if not after.strip() or len(first) > 24 or re.search(r"[。！？；，]", first):
        first, after = "", rest
    title = f"{match['head']} {first}".strip()
    return replace(Heading(title, number, match["unit"], False, ""), prose=after.strip())


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
                faults.append(tr("{chapter} doubled", chapter=_word(number, unit)))
            elif number < last:
                faults.append(tr("{chapter} after {other}", chapter=_word(number, unit), other=_word(last, unit)))
            elif number == last + 2:
                faults.append(tr("{chapter} missing", chapter=_word(last + 1, unit)))
            elif number > last + 1:
                ends = {"first": _word(last + 1, unit), "last": _word(number - 1, unit)}
                faults.append(tr("{first} to {last} missing", **ends))
        elif last is None and number > 1 and unit not in VOLUMES:
            faults.append(tr("begins at {chapter}", chapter=_word(number, unit)))
        elif last == 1:
            faults.append(f"{_word(1, unit)} doubled")
        before[unit] = number
    return faults
