"""Right, abstained or wrong. A question and an answer go in; the verdict comes out.

What an answer says first decides. Questions answered by yes or no, and by the letter of a choice, have rules of their
own (`closed_answers.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from .clauses import Clause, Token, clauses, places, tokens
from .closed_answers import choice_letter, is_letter, wants_yes, yes_or_no
from .entities import People
from .questions import Item
from .results import Outcome

_BOOK = "(?:书中|书里|原书|原文|小说|文中|故事里|《[^》]*》[里中]?)"
_NOT = "(?:没有|并未|并没有|未曾|不曾|未|没)"
_TOLD = "(?:交代|提到|提及|提|写到|写明|写|说明|明说|说|记载|这个?|这样|此人|此事|$)"
_ABSTAINS = re.compile(
    f"{_BOOK}[^，。！？]{{0,6}}{_NOT}{_TOLD}"
    "|没有(?:交代|提到|提及|写到|写明|说明|记载|这个人|这样的|此人|此事|这回事|这件事)"
    "|未(?:交代|提及|写明|说明|记载)|无法(?:得知|确定|回答)|不得而知|无从(?:得知|知道)"
    "|我(?:不知道|不清楚|答不出)|查无此[人事]"
    "|not (?:mentioned|told|stated)|(?:do not|don't|cannot|can't) (?:know|tell|answer)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:不是|并非|不|非|没有|没|未|not|never|isn't|wasn't|aren't|weren't)(?:在|于|由|被|因|为|叫|用|姓|a|an|the)?$"
)
"""What before a form says that it is not the answer."""
_NEGATIVE = ("不", "非", "并非", "没", "未", "not", "no")
_DENIAL = re.compile(r"不是|并非|并不是|绝非|不在|不叫|没有|not|it(?:is|was)not|it(?:isn't|wasn't)")
"""How a clause begins that says what the answer is not."""
_OPENING = re.compile(
    r"(?:正确)?(?:的)?答案(?:是|为|如下)?|回答|答|是的|好的|嗯|根据.*|据.*[载说述写]"
    r"|(?:原文|书中|书里|小说)[中里]?(?:写道|说|写|记载)?|(?:the)?answer(?:is)?|well|accordingto.*"
)
_ASKS_WHEN = re.compile(r"时|年|哪天|哪一?[天日回]|几[岁月日号]|when|year|day")
_MOMENT = re.compile(r"(?:时|时候|后|前|那年|年间|期间|当年|后来|最后|结果|起初|次日|当夜|原来|其实)$")
_ASKS_WHICH = re.compile(r"还是|或者?|谁[更先]|哪[个一位]|以下|下列|选|\bor\b|which")
_FUNCTION_WORDS = frozenset("的是在了也就这那其个中里他她它们为叫与和所被把由于之") | {
    "the",
    "is",
    "was",
    "he",
    "she",
    "it",
}
_SOMEBODY_ELSE = re.compile(
    "[的之](?:[大小长次幼三义养亲老]?(?:父|母|爹|娘|子|女|儿|弟|兄|哥|姐|妹|妻|妾|叔|侄|孙|婿|舅|夫人|丈夫)|岳父|师父|徒弟"
    "|部将|部下|手下|谋士|家将|使者)"
)
"""After a name: 曹操的父亲 is not 曹操."""
_ASKS_WHOSE = re.compile(r"(?:谁|何人|哪[个位]?[^，。]{0,3}|什么人)(?:的|之|家)|whose")
_JOINERS = frozenset("和与及跟同并以还有") | {"and"}
_LEFT_OF_ONE = frozenset("是为叫用以在于姓名字曰乃即的了只条把张匹杆件块个坐骑使拿吃喝弹放烧死被因")
_RIGHT_OF_ONE = frozenset("的了也呢啊吧")
"""What may stand beside an answer of one character: 马 is not in 司马懿, nor in 马上."""


MAX_PASSED_OVER = 8
"""Clauses of which the first that says something is looked for; a reader does not wait longer for an answer either."""


class Place(NamedTuple):
    """Where in a text an accepted form begins, and where its clause does."""

    start: int
    clause: int


def abstains(answer: str) -> bool:
    """Whether the first sentence of an answer says that the book does not tell, or that the model does not know."""
    return _ABSTAINS.search(re.split(r"[。！？!?\n]", answer.strip(), maxsplit=1)[0]) is not None


def grade(item: Item, answer: str, people: People | None = None) -> Outcome:
    """The verdict on an answer.

    Right: what it says first is an accepted form, and to a who-question it names nobody else before. Where the book
    does not tell, to say so is right. Where it does, to say so is apart from wrong: a model that knows what it does
    not know.
    """
    if _is_right(item, answer, people):
        return "right"
    if abstains(answer):
        return "right" if item.silent else "abstained"
    return "wrong"


def _is_right(item: Item, answer: str, people: People | None) -> bool:
    if not item.accepted:
        return False
    if (yes := wants_yes(item.question, item.accepted[0])) is not None:
        return yes_or_no(answer, item.question) is yes
    if is_letter(item.accepted[0]):
        return choice_letter(answer) == tokens(item.accepted[0])[0]
    place = first_place(answer, item.accepted, item.question)
    if place is None or abstains(answer[: place.start]):
        return False
    return people is None or not people.another_between(place.clause, place.start, answer, item)


def contains(answer: str, accepted: Sequence[str]) -> bool:
    """Whether an accepted form stands anywhere in an answer, bounded on both sides and not denied."""
    said = clauses(answer)
    return any(True for form in accepted for number in range(len(said)) for _ in _held(said[number:], form))


def exact(answer: str, accepted: Sequence[str]) -> bool:
    """Whether an answer is one of the accepted forms and nothing else."""
    said = tokens(answer)
    return bool(said) and any(said == tokens(form) for form in accepted)


def first_place(answer: str, accepted: Sequence[str], question: str) -> Place | None:
    """The place of an accepted form in what an answer says first; None if it says something else.

    Passed over are openings (答案是), the question's own words, the time (曹操败走之后), and what the answer is not.
    """
    said = clauses(answer)
    asked = _FUNCTION_WORDS.union(tokens(question))
    for number, clause in enumerate(said[:MAX_PASSED_OVER]):
        held = [span for form in accepted for span in _held(said[number:], form)]
        if not _ASKS_WHOSE.search(question):
            held = [(start, end) for start, end in held if not _SOMEBODY_ELSE.match(answer, end)]
        found = [start for start, _ in held]
        found += [start for form in accepted for start in _listed(said[number:], form)]
        if found:
            return Place(min(found), clause.tokens[0].start)
        if not _says_nothing_yet(clause, asked, question):
            return None
    return None


def _says_nothing_yet(clause: Clause, asked: frozenset[str], question: str) -> bool:
    echoes = clause.mark in (",", ":", "(") and not _ASKS_WHICH.search(question)
    names_moment = clause.mark == "," and not _ASKS_WHEN.search(question)
    return (
        _OPENING.fullmatch(clause.text) is not None
        or _DENIAL.match(clause.text) is not None
        or (echoes and asked.issuperset(token.text for token in clause.tokens))
        or (names_moment and _MOMENT.search(clause.text) is not None)
    )


def _held(said: Sequence[Clause], form: str) -> Iterator[tuple[int, int]]:
    """Where a form stands that begins in the first of some clauses; it may go on in those after it."""
    wanted = tokens(form)
    if not said or not wanted:
        return
    first = said[0].tokens
    reach = len(first) + len(wanted)
    following = list(islice((token for clause in said for token in clause.tokens), reach))
    for place in places([token.text for token in following], wanted):
        if place >= len(first):
            return
        before = "".join(token.text for token in first[:place])
        denied = _DENIED.search(before) is not None and not form.startswith(_NEGATIVE)
        if not denied and (len(form) > 1 or form.isascii() or _stands_alone(first, place)):
            yield first[place].start, following[place + len(wanted) - 1].end


def _stands_alone(clause: Sequence[Token], place: int) -> bool:
    left = place == 0 or clause[place - 1].text in _LEFT_OF_ONE or clause[place - 1].text.startswith("#")
    return left and (place + 1 == len(clause) or clause[place + 1].text in _RIGHT_OF_ONE)


def _listed(said: Sequence[Clause], form: str) -> Iterator[int]:
    """Where the items of a form that is a list (刘备、关羽、张飞) begin, in whatever order they are said."""
    items = [tokens(part) for part in form.split("、")]
    reach = 2 * sum(map(len, items)) + 2  # each item with a joiner
    spoken = list(islice((token for clause in said for token in clause.tokens), reach if len(items) > 1 else 0))
    place = 1 if spoken and spoken[0].text in ("是", "乃") else 0
    start = place
    while len(items) > 1 or (items and start != place):
        here = [item for item in items if tuple(t.text for t in spoken[place : place + len(item)]) == item]
        if here:
            longest = max(here, key=len)
            items.remove(longest)
            place += len(longest)
        elif place > start and place < len(spoken) and spoken[place].text in _JOINERS:
            place += 1
        else:
            return
    if not items and spoken:
        yield spoken[start].start
