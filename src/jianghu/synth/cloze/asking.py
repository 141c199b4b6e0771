"""How a question is put: asking words and orders by rule, so that no fact is known in one form only; and which
stretches of narration may be asked about, since they make sense without the lines around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PERSON = ("谁", "哪个人", "什么人", "哪一位")
PLACE = ("哪里", "什么地方", "哪儿", "哪个地方")
THING = ("什么", "什么东西")

_ELSEWHERE = frozenset("他她它这那此其彼该咱我你您俺吾汝某")
"""What points outside the sentence."""
_REACTION = re.compile(
    r"听(?:了|得|罢|见|说|毕|到)|闻(?:听|言|得)|见(?:了|说|此|他|得|是)|看(?:了|罢|见|此|时)|一(?:听|见|看|闻)|又|也|便|却|就|才|既|虽|因|若|如何|何|且|心|不|只|方|更|还|仍|已"
    r"|大[喜怒惊笑]|暗|倒|自|正|忙|连忙|急|果然|于是|知|觉|想|被|是|有|无|没|在|从|把|将|道|说|等|和|与|及|并"
    r"|[哪那]里|夫妻|夫妇|父子|母子|兄弟|师徒|主仆|一家|[马身手头面肩口眼脚背腰胸][上下前后中边里上]|之|家[中里]|[^，。]{1,4}的"
)
"""Openings of what only the lines before explain, or that join a name to other words."""
FORMULA = re.compile(
    "下回|分解|有分教|有诗|正是|话说|诗曰|词曰|怎见得|但见|单道|有道|且听|后文|表过|不提|不表|话下|再表|看官"
)
_MARKS = re.compile(r"[，、；。！？：…—]+")


def clear(text: str) -> bool:
    """Whether narration says by itself what it is about: no pronoun, no formula of the teller's, no question."""
    return not (_ELSEWHERE & set(text) or FORMULA.search(text) or re.search("[？?：:…—]", text))


def an_act(text: str) -> bool:
    """Whether what follows a name tells something done, by itself."""
    return clear(text) and _REACTION.match(text) is None


def is_verse(text: str) -> bool:
    """Whether a sentence is of verse: clauses of one length."""
    sizes = [len(part) for part in _MARKS.split(text) if part]
    return len(sizes) >= 2 and len(set(sizes)) == 1 and sizes[0] in (4, 5, 6, 7)


def asked(forms: Iterable[tuple[str, str]], words: Iterable[str]) -> list[tuple[str, str]]:
    """Forms with each of the asking words in turn: the first form with the first word, the second with the second."""
    pairs = list(forms)
    own = list(words)
    return [(question.replace("{?}", own[at % len(own)]), answer) for at, (question, answer) in enumerate(pairs)]
