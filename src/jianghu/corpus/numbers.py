"""Numerals → numbers: those of chapter headings (一百零八, 一○八, 廿三, 貳拾, Arabic, Roman, English words), and those
of running text (八十二, 十二万三千, 3.5万)."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

NUMERALS = "零〇○一二两兩三四五六七八九十百千廿卅壹贰貳叁參肆伍陆陸柒捌玖拾佰0-9０-９"
"""For a character class: what a Chinese chapter number is written with."""

_DIGITS = {c: n for n, group in enumerate(["零〇○", "一壹", "二两兩贰貳", "三叁參", "四肆", "五伍"]) for c in group}
_DIGITS |= {c: n for n, group in enumerate(["六陆陸", "七柒", "八捌", "九玖"], 6) for c in group}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000}
_MYRIADS = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"]
_WORDS += ["fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]


def number_of(numeral: str) -> int | None:
    """The value of a heading's numeral; None if it is none."""
    text = unicodedata.normalize("NFKC", numeral).strip().lower()
    if text.isascii() and text.isdigit():
        return int(text)
    if text in _WORDS:
        return _WORDS.index(text) + 1
    if re.fullmatch("[ivxlc]+", text):
        values = [_ROMAN[letter] for letter in text] + [0]
        return sum(-a if a < b else a for a, b in pairwise(values))
    return _chinese(text.replace("廿", "二十").replace("卅", "三十"))


def _chinese(text: str) -> int | None:
    if not text or any(c not in _DIGITS and c not in _UNITS for c in text):
        return None
    if all(c in _DIGITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    total, digit = 0, 0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        else:
            total += (digit or 1) * _UNITS[c]
            digit = 0
    return total + digit


def value_of(numeral: str) -> float:
    """The value of a numeral of running text, Chinese, Arabic or both: 八十二, 十二万三千, 3.5万, 3千."""
    if decimal := re.match(r"[0-9]+\.[0-9]+", numeral):
        rest = numeral[decimal.end() :]
        return float(decimal[0]) * (value_of(rest) if rest else 1)
    total = 0
    for part, unit in re.findall(r"([^万萬亿億]*)([万萬亿億]?)", numeral):
        if part or unit:
            total += (number_of(_arabic_to_chinese(part)) or (1 if unit else 0)) * _MYRIADS.get(unit, 1)
    return float(total)


def _arabic_to_chinese(numeral: str) -> str:
    """3千5百 as 三千五百: digits among units are read as Chinese numerals."""
    return numeral if numeral.isdecimal() else numeral.translate(_CHINESE_DIGITS)


_CHINESE_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")


def natural(name: str) -> list[tuple[int, str]]:
    """A sort key by which book 2 comes before book 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]
