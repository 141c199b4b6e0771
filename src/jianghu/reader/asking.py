"""What a question asks for: the sort of answer, the word that asks, the terms to look for and how telling each is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..names import Lexicon
from ..retrieval import HAN, asking_span, telling

SORTS = ("identity", "who", "where", "number", "when", "why", "how", "words", "called", "yes", "what", "none")
"""Sorts of questions, by the word that asks."""
_PERSON = (
    "人|将|谋士|臣|官|王|公子|夫人|妃|女|男|汉|兄|弟|子|父|母|妻|侠|贼|师|僧|道士|先生|刺史|太守|军师|都督|皇帝|使者|英雄"
    "|好汉|头领|大夫|主簿|少年"
)
PATTERNS = (
    (
        "identity",
        re.compile(
            r"什么人物|什么样的人|身份|何许人|来头|干[嘛啥]的|干什么的|做什么的|介绍|^[^，。？?]{2,5}(?:是谁|是什么人)[？?]?$"
        ),
    ),
    (
        "who",
        re.compile(
            r"谁|何人|什么人|啥人|姓甚名谁|何许人|[哪何](?:一|几|两)?(?:位|员|名)|什么名字|人是|姓名|名叫什么|叫什么名"
            rf"|哪(?:一|几|两)?个?[^，。？?]{{0,4}}(?:{_PERSON})"
        ),
    ),
    ("where", re.compile(r"哪里|哪儿|何处|何地|什么地方|啥地方|哪座|哪个?(?:地方|城|郡|州|县|关|山|寨|村|镇|国)|地名")),
    ("when", re.compile(r"何时|什么时候|啥时候|哪一?年|哪一?天|何年|几时|什么时辰|哪个时候|多久")),
    ("number", re.compile(r"多少|几|多[大高长重远]|数目|第几")),
    ("why", re.compile(r"为什么|为何|为啥|何故|因何|什么原因|缘何|怎么会|原因|凭什么|何以")),
    ("words", re.compile(r"哪句|一句|说了?什么|说的?是什么|喊了?什么|什么话|怎么说|说了?啥|原话|诗|哪[几两]?个?字")),
    ("called", re.compile(r"叫什么|叫啥|名称|称为什么|绰号|外号|怎么称呼|什么称呼|字什么|字是什么|人称")),
    ("yes", re.compile(r"是否|是不是|有没有|吗[？?]?$|对不对")),
    ("how", re.compile(r"如何|怎么样?|怎样|何法|办法")),
    ("what", re.compile(r"什么|啥|哪|何")),
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A question as the reader sees it.

    Attributes:
        sort: index into SORTS.
        asks: where the word that asks stands; the end of the question where none does.
        head: characters right behind the word that asks: what sort of thing is wanted (哪只手 → 手).
        terms: characters and pairs that are looked for in the passages, and where in the question they first stand.
        names: (book, name) of the names in the question, and where they first stand.
    """

    text: str
    sort: int
    asks: tuple[int, int]
    head: str
    terms: dict[str, int]
    names: dict[tuple[str, str], int]


def read_question(text: str, lexicons: Mapping[str, Lexicon]) -> Question:
    """Look at a question; `lexicons`: the names of each book that it may be about."""
    sort = SORTS.index(next((name for name, pattern in PATTERNS if pattern.search(text)), "none"))
    asks = asking_span(text) or (len(text), len(text))
    words = telling(text)
    names: dict[tuple[str, str], int] = {}
    inside: set[int] = set()
    for book, lexicon in lexicons.items():
        for start, end, name in lexicon.mentions(words):
            names.setdefault((book, name), start)
            inside.update(range(start, end))
    terms: dict[str, int] = {}
    for at, character in enumerate(words):
        if not (HAN.match(character) or character.isalnum()):
            continue
        if at not in inside:
            terms.setdefault(character, at)
        pair = words[at : at + 2]
        if len(pair) == 2 and HAN.match(pair[1]) and not (at in inside and at + 1 in inside):
            terms.setdefault(pair, at)
        triple = words[at : at + 3]
        if len(triple) == 3 and all(map(HAN.match, triple)):
            terms.setdefault(triple, at)
    head = re.sub(r"[^\u3400-\u9fff]", "", text[asks[1] : asks[1] + 4])[:3]
    return Question(text, sort, asks, head, terms, names)
