"""Numerals of chapter headings → integers: Chinese (一百零八, 一○八, 廿三, 貳拾), Arabic, Roman, English words."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

NUMERALS = "零〇○一二两兩三四五六七八九十百千廿卅壹贰貳叁參肆伍陆陸柒捌玖拾佰0-9０-９"
"""For a character class: what a Chinese chapter number is written with."""

_DIGITS = {c: n for n, group in enumerate(["零〇○", "一壹", "二两兩贰貳", "三叁參", "四肆", "五伍"]) for c in group}
_DIGITS |= {c: n for n, group in enumerate(["六陆陸", "七柒", "八捌", "九玖"], 6) for c in group}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000}
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
