"""What is indexed of a text, and what of a question is looked for.

Chinese has no spaces between words, so the terms are characters and pairs of neighbours (宋江道 → 宋 宋江 江 江道 道).
Single characters count because a novel often says in one what a question says in two. A name is a term of its own,
by whichever of its forms it is written, so that 孔明 finds 诸葛亮.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..names import Lexicon

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""A Chinese character."""
_RUN = re.compile(f"{HAN.pattern}+|(?:(?!{HAN.pattern})[^\\W_])+")
SILENT = re.compile(
    r"请问|请说|什么|甚么|为什么|为何|如何|怎么样?|怎样|多少|是否|有没有|哪[里儿些个位一]?|何[人处时事地物]|谁|几[个次人位回]?|"
    r"分别|叫做|名叫|吗|呢|[的了是在和与被把将]|《[^》]*》|这本书|书中|书里|小说|人物|(?i:\b(?:who|what|where|when|why|how|is|the|of|did|was)\b)"
)
"""Words of questions, which say nothing about where the answer stands."""
ASKING = re.compile(
    "谁|哪[一两几]?(?:位|个|名|员|人|些)|哪[\u4e00-\u9fff]{0,3}(?:人|将|位|名)|何人|什么人|哪里|哪儿|何[处地]|什么|甚么|啥|何"
    "|多[少大高长]|几|哪|怎么样?|怎样|如何"
)
CHARACTER, NAMED_CHARACTER, PAIR, NAME = 1.0, 0.6, 0.5, 1.3
"""Weights of a question's terms: characters, those inside a name, pairs and names. Fitted on questions of the training
split, rounded: docs/open-book.md."""


def terms(text: str) -> list[str]:
    """Chinese characters and pairs of neighbours; other words whole, in lower case."""
    found: list[str] = []
    for run in _RUN.findall(text):
        if HAN.match(run):
            found += [run[at : at + size] for at in range(len(run)) for size in (1, 2) if at + size <= len(run)]
        else:
            found.append(run.lower())
    return found


def name_term(book: str, name: str) -> str:
    """The term under which all mentions of a name in a book are indexed."""
    return f"《{book}》{name}"


def telling(question: str) -> str:
    """The question with blanks for the words that say nothing about where the answer stands."""
    return SILENT.sub(lambda match: " " * len(match[0]), question)


def asking_span(question: str) -> tuple[int, int] | None:
    """Where the word stands that asks, such as 谁 or 哪里; None where none does."""
    match = ASKING.search(question)
    return match.span() if match else None


def question_terms(question: str, lexicons: Mapping[str, Lexicon]) -> dict[str, float]:
    """What to look for, with weights. `lexicons`: the names of each book that is searched."""
    words = telling(question)
    wanted: dict[str, float] = {}
    inside: set[int] = set()
    for book, lexicon in lexicons.items():
        for start, end, name in lexicon.mentions(words):
            wanted[name_term(book, name)] = NAME
            inside.update(range(start, end))
    for run in _RUN.finditer(words):
        if not HAN.match(run[0]):
            wanted[run[0].lower()] = CHARACTER
            continue
        for at in range(run.start(), run.end()):
            character, pair = words[at], words[at : min(at + 2, run.end())]
            wanted[character] = max(wanted.get(character, 0), NAMED_CHARACTER if at in inside else CHARACTER)
            if len(pair) == 2:
                wanted[pair] = PAIR
    return wanted


def marks(text: str, wanted: Mapping[str, float]) -> tuple[tuple[int, int], ...]:
    """Where the wanted pairs and words stand, overlapping ones joined; single characters stand everywhere."""
    spans: list[tuple[int, int]] = []
    for run in _RUN.finditer(text):
        size = 2 if HAN.match(run[0]) else len(run[0])
        for start in range(run.start(), run.end() - size + 1):
            end = start + size
            if text[start:end].lower() in wanted:
                if spans and spans[-1][1] >= start:
                    start, _ = spans.pop()
                spans.append((start, end))
    return tuple(spans)
