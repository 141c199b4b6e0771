"""A claim that is taken to be right → one that is certainly wrong, for measuring a judge. Pure.

Each way is an error that teachers make: another person, another number, the opposite, a quote that proves nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..checks.names import KnownBook
from .claim import Claim

_NUMBER = re.compile(
    "[0-9]+|[一二三四五六七八九十百千万两]{2,}|[二三四五六七八九十百千](?=[个名位人匹条把年月日天岁次回合里])"
)
_DIGITS = "一二三四五六七八九"
_DENIED = (("不是", "是"), ("没有", "有"), ("并未", ""), ("未曾", ""), ("不", ""), ("没", ""))
_AFFIRMED = (("是", "不是"), ("有", "没有"))
_VERBS = re.compile(
    r"(?<=[\u4e00-\u9fff])(?=[杀斩派让命送救打射给说劝请召夺取攻守败降投逃占立封拜娶嫁献推荐答应允许带拿做写问])"
)


def corrupted(claim: Claim, book: KnownBook | None, other: Claim | None) -> list[tuple[str, Claim]]:
    """All ways in which a claim can be made wrong: the way's name, and the wrong claim.

    Args:
        book: its names; None: no names are swapped.
        other: a claim about another place, whose quote is put in the place of this one's.
    """
    dice = random.Random(f"{claim.id}\n{claim.question}")
    made: list[tuple[str, Claim]] = []
    for way, change in WAYS.items():
        wrong = change(claim, book, other, dice)
        if wrong is not None and wrong != claim:
            made.append((way, wrong))
    return made


def _swap_name(claim: Claim, book: KnownBook | None, other: Claim | None, dice: random.Random) -> Claim | None:
    """Another person in the place of one of the answer, if possible one who stands in the text around the quote."""
    if book is None or not (found := book.people(claim.answer)):
        return None
    written, name = dice.choice(found)
    shown = {known for _, known in book.people(claim.question + claim.answer)}
    near = [(form, known) for form, known in book.people(claim.before + claim.quote + claim.after)]
    strangers = sorted({known for _, known in near if known not in shown}) or sorted(
        {entry.name for entry in book.lexicon.names if entry.kind == "person" and entry.name not in shown}
    )
    if not strangers:
        return None
    stranger = dice.choice(strangers)
    return replace(claim, answer=claim.answer.replace(written, stranger)) if stranger != name else None


def _change_number(claim: Claim, book: KnownBook | None, other: Claim | None, dice: random.Random) -> Claim | None:
    """Another number in the place of the answer's first one."""
    match = _NUMBER.search(claim.answer)
    if match is None:
        return None
    changed = "".join(_other_digit(character, dice) for character in match[0])
    if changed == match[0]:
        changed = f"{dice.choice(_DIGITS[1:])}{changed}"  # 十 → 七十
    return replace(claim, answer=claim.answer[: match.start()] + changed + claim.answer[match.end() :])


def _other_digit(character: str, dice: random.Random) -> str:
    for digits in ("0123456789"[1:], _DIGITS):
        if character in digits:
            return dice.choice([digit for digit in digits if digit != character])
    return character


def _negate(claim: Claim, book: KnownBook | None, other: Claim | None, dice: random.Random) -> Claim | None:
    """The opposite of what the answer says last."""
    for old, new in (*_DENIED, *_AFFIRMED):
        if old in claim.answer:
            head, _, tail = claim.answer.rpartition(old)
            return replace(claim, answer=f"{head}{new}{tail}")
    places = [match.start() for match in _VERBS.finditer(claim.answer)]
    if not places:
        return None
    at = places[-1]
    return replace(claim, answer=f"{claim.answer[:at]}没有{claim.answer[at:]}")


def _misquote(claim: Claim, book: KnownBook | None, other: Claim | None, dice: random.Random) -> Claim | None:
    """The quote of another claim: it stands in the book, and proves nothing of this one."""
    if other is None or other.quote == claim.quote:
        return None
    return replace(claim, before=other.before, quote=other.quote, after=other.after)


WAYS: dict[str, Callable[[Claim, KnownBook | None, Claim | None, random.Random], Claim | None]] = {
    "name": _swap_name,
    "number": _change_number,
    "negation": _negate,
    "quote": _misquote,
}
"""The ways to make a claim wrong."""


def one_each(claims: Sequence[Claim], books: dict[str, KnownBook]) -> list[tuple[str, Claim]]:
    """One wrong claim for each right one, the ways shared evenly as far as the claims allow."""
    taken = dict.fromkeys(WAYS, 0)
    result = []
    for place, claim in enumerate(claims):
        other = claims[(place + len(claims) // 2) % len(claims)]
        ways = corrupted(claim, books.get(claim.book), other if other.id != claim.id else None)
        if ways:
            way, wrong = min(ways, key=lambda found: taken[found[0]])
            taken[way] += 1
            result.append((way, wrong))
    return result
