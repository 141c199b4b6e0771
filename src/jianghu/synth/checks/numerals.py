"""The numbers that a text states, by value: 八十二斤, 82斤 and 八十二 are one. Words that only hold a numeral (一同,
三国, 万一) state none.
"""

from __future__ import annotations

import re
import unicodedata

from ...corpus.numbers import NUMERALS, number_of

_MYRIADS = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_MEASURE = frozenset(
    "个個人名位员員口头頭匹骑騎条條把柄支枝枚颗顆粒块塊片张張封件套只隻双雙对對艘座间間所处處里尺丈寸步斤钱錢贯貫石斗升"
    "杯碗坛壇壶壺盏盞天日夜月年岁歲更时時刻次回合阵陣遍番场場万萬千百余餘多来來县縣郡州城倍"
)
_FOUND = re.compile(rf"[0-9]+(?:\.[0-9]+)?[十百千万萬亿億]*|[{NUMERALS}{''.join(_MYRIADS)}]+")
_NO_NUMBER = re.compile(
    "万一|千万|百姓|三国|三國|四海|五湖|八方|四方|四面|三军|三軍|十分|万分|万千|千百|一一|三三两两|九州|百官|百般|万民|两难|"
    "三思|两全|九泉|四处|四下|三教|九流|五行|八卦|两面|万物|万岁|萬歲|千岁|千里马|百战|三更半夜|一时|一日|一天|一年|一夜"
)
"""Words of which a numeral is part without counting anything."""


def numbers_in(text: str) -> set[float]:
    """The values of the numbers that a text states.

    A single Chinese numeral counts only before a measure word (五人, 三日); 一 never does, since it mostly is an
    article. Digits that stand side by side are read as in 二〇〇六.
    """
    plain = _NO_NUMBER.sub(lambda match: "·" * len(match[0]), unicodedata.normalize("NFKC", text))
    found: set[float] = set()
    for match in _FOUND.finditer(plain):
        word, after = match[0], plain[match.end() : match.end() + 1]
        counts = word not in "一壹零〇○" and word not in _MYRIADS and after in _MEASURE
        if len(word) > 1 or word.isdecimal() or counts:
            found.add(_value(word))
    return found


def numerals_in(text: str) -> set[float]:
    """The values of all numerals in a text, also of those that count nothing: what a stated number may rest on."""
    return {_value(match[0]) for match in _FOUND.finditer(unicodedata.normalize("NFKC", text))}


def _value(word: str) -> float:
    """The value of a numeral: 八十二, 十二万三千, 3.5万."""
    if decimal := re.match(r"[0-9]+\.[0-9]+", word):
        rest = word[decimal.end() :]
        return float(decimal[0]) * (_value(rest) if rest else 1)
    total = 0
    for part, unit in re.findall(r"([^万萬亿億]*)([万萬亿億]?)", word):
        if part or unit:
            total += (number_of(_arabic(part)) or (1 if unit else 0)) * _MYRIADS.get(unit, 1)
    return float(total)


def _arabic(word: str) -> str:
    """3千 as 三千: digits before a unit are read as one Chinese numeral."""
    match = re.fullmatch(r"([0-9])([十百千]+)", word)
    return "〇一二三四五六七八九"[int(match[1])] + match[2] if match else word
