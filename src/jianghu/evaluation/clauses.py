"""A text as clauses of tokens: what an answer is compared with its accepted forms by.

A text goes in; its clauses come out. A token is a Chinese character, a word of letters, or a number by its value; so a
form is found only where it is bounded on both sides (18 is not in 180, cat not in category), and 3人 is 三人.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ..corpus.numbers import number_of, value_of
from ..text import fold

_COUNTING = "一二两三四五六七八九"
_DIGITS = f"零〇○{_COUNTING}"
_NUMERALS = f"{_DIGITS}十百千万亿廿卅壹贰叁肆伍陆柒捌玖拾佰"
_IDIOMS = (
    "一共|一同|一起|一直|一定|一样|一般|一切|一旦|一边|一面|一向|一齐|一并|一律|一味|一经|唯一|统一|万一|千万不|百姓|百官|百般|三国|三军|四海|四方|八方"
    "|万分|九州|万物|万岁|千岁"
)
"""Words of which a numeral is part without counting anything."""
_TOKEN = re.compile(
    rf"(?P<idiom>{_IDIOMS})"
    rf"|(?P<number>(?P<percent>百分之)?(?P<minus>(?<![\w)])[-−])?"
    rf"(?P<digits>(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?(?:[十百千万亿]+(?:\d+[十百千万])*)?|[{_NUMERALS}]+)(?P<sign>%)?)"
    r"|(?P<word>[a-zà-öø-ÿ][a-z0-9à-öø-ÿ']*)"
    r"|(?P<mark>[。!?;:,、()…—–\n|]|\.(?!\w))"
    r"|(?P<letter>[^\W_])"
)
_ABBREVIATED = frozenset(["mr", "mrs", "ms", "dr", "st", "jr", "sr", "prof", "capt", "col", "gen", "no"])
_PEOPLE = ("个", "人")
"""三个人 is 三人."""


class Token(NamedTuple):
    """A token, and where it stands in the text as [start, end)."""

    text: str
    start: int
    end: int


class Clause(NamedTuple):
    """Tokens up to a mark, and the mark; empty at the end of the text."""

    tokens: tuple[Token, ...]
    mark: str

    @property
    def text(self) -> str:
        """The tokens in a row."""
        return "".join(token.text for token in self.tokens)


@lru_cache(maxsize=8192)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text that hold a token."""
    found: list[Clause] = []
    current: list[Token] = []
    folded, places = _fold_with_places(text)
    for match in _TOKEN.finditer(folded):
        if match["idiom"] is not None:
            spans = range(match.start(), match.end())
            current += [Token(folded[place], places[place], places[place] + 1) for place in spans]
        elif match["mark"] is None:
            current.append(Token(_plain(match), places[match.start()], places[match.end() - 1] + 1))
            if len(current) > 2 and (current[-2].text, current[-1].text) == _PEOPLE and current[-3].text[0] == "#":
                del current[-2]
        elif current and not (match["mark"] == "." and current[-1].text in _ABBREVIATED):
            found.append(Clause(tuple(current), match["mark"]))
            current = []
    return (*found, Clause(tuple(current), "")) if current else tuple(found)


def tokens(text: str) -> tuple[str, ...]:
    """The tokens of a text, marks aside."""
    return tuple(token.text for clause in clauses(text) for token in clause.tokens)


def places(within: Sequence[str], form: Sequence[str]) -> Iterator[int]:
    """Where a form's tokens stand one after the other."""
    for place in range(len(within) - len(form) + 1 if form else 0):
        if tuple(within[place : place + len(form)]) == tuple(form):
            yield place


def _fold_with_places(text: str) -> tuple[str, list[int]]:
    """The text folded character by character, and for each character of that its place in the text."""
    letters: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        for letter in fold(character):
            letters.append(letter)
            origin.append(place)
    return "".join(letters), origin


def _plain(match: re.Match[str]) -> str:
    """A token's text; of a number `#` and its value, so that it equals no letter."""
    if match["number"] is None:
        word = match["word"] or match["letter"]
        number = number_of(word) if match["word"] and not re.fullmatch("[ivxlc]+", word) else None
        return word if number is None else f"#{number}"
    digits = match["digits"].replace(",", "")
    # 四五十 is no number: what it means, forty or fifty, is what it says. 一百零五 is one.
    guess = re.search(rf"[{_COUNTING}]{{2}}", digits) and re.search("[十百千万亿]", digits)
    value = digits if guess else f"{value_of(digits):.15g}"
    percent = "%" if match["percent"] or match["sign"] else ""
    return f"#{'-' if match['minus'] else ''}{value}{percent}"
