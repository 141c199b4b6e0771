"""The numbers that a text states, by value: 八十二斤, 82斤 and 八十二 are one. Words that only hold a numeral (一同,
三国, 万一) state none.
"""

from __future__ import annotations

import re
import unicodedata

from ...corpus.numbers import NUMERALS, value_of

_MYRIADS = "万萬亿億"
_MEASURE = frozenset(
    "个個人名位员員口头頭匹骑騎条條把柄支枝枚颗顆粒块塊片张張封件套只隻双雙对對艘座间間所处處里尺丈寸步斤钱錢贯貫石斗升"
    "杯碗坛壇壶壺盏盞天日夜月年岁歲更时時刻次回合阵陣遍番场場万萬千百余餘多来來县縣郡州城倍"
)
_FOUND = re.compile(rf"[0-9]+(?:\.[0-9]+)?[十百千万萬亿億]*|[{NUMERALS}{_MYRIADS}]+")
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
            found.add(value_of(word))
    return found


def numerals_in(text: str) -> set[float]:
    """The values of all numerals in a text, also of those that count nothing: what a stated number may rest on."""
    return {value_of(match[0]) for match in _FOUND.finditer(unicodedata.normalize("NFKC", text))}
