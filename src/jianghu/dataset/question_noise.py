"""Noised forms of a question: what people type, made by rule from what was written.

A question and the strings that must stay whole go in; another form of the same question comes out, as a pure function
of a seed. A model that is fine-tuned on other forms in every epoch learns what is asked instead of the sentence
(docs/experiments.md, "Question noise").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from ..recipe import QuestionNoise
from ..text import normalise

ASKING_WORDS = (
    ("是谁", "是哪个", "是哪位", "是什么人", "是何人", "谁"),
    ("哪位", "谁", "哪个人", "什么人", "何人"),
    ("什么人", "谁", "哪位", "何人"),
    ("何人", "谁", "什么人"),
    ("谁", "哪位", "什么人", "何人", "哪个人"),
    ("叫什么名字", "叫什么", "名叫什么", "叫啥"),
    ("叫什么", "叫啥", "名字是什么", "怎么称呼"),
    ("什么地方", "哪里", "何处", "哪儿"),
    ("哪里", "什么地方", "何处", "哪儿"),
    ("何处", "哪里", "什么地方"),
    ("为什么", "为何", "因为什么", "怎么会"),
    ("为何", "为什么", "什么原因"),
    ("什么", "啥", "哪个", "何"),
    ("怎么样", "如何", "怎样"),
    ("怎么", "如何", "怎样"),
    ("如何", "怎么", "怎样"),
    ("怎样", "怎么", "如何"),
    ("多少", "几"),
    ("哪一", "哪", "什么"),
)
"""A word that asks, and words that ask the same. The longer ones stand first, since 什么人 holds 什么."""

_TITLE = re.compile(
    r"(?:在|据|按)?(?:小说|长篇小说)?《[^》]{1,20}》(?:这部小说|这本书|一书|原著)?(?:里面|里|中|内)?(?:，|、|：)?"
)
_QUOTED = re.compile(r"“[^”]*”|‘[^’]*’|「[^」]*」|『[^』]*』|《[^》]*》|\"[^\"]*\"")
_NUMBER = re.compile(r"[0-9０-９零〇一二三四五六七八九十百千万亿两]+")
_LATIN_NAME = re.compile(r"(?<!^)\b[A-Z][\w’'-]*")
_CLAUSE = re.compile(r"[，,；;、]\s*")
_END = re.compile(r"[？?。.！!\s]+$")
_ASKS = re.compile(
    "谁|什么(?:人|地方|名字|时候)?|啥|哪(?:位|个|里|儿|一)?人?|为?何(?:人|处|时|故)?|几|多少|怎么?样?|如何|吗|呢"
    "|which|what|who|where|when|why|how",
    re.IGNORECASE,
)
_MIN_LETTERS = 4
"""A noised question keeps at least this many letters."""


class QuestionNoiser:
    """Draws noised forms of questions.

    Args:
        settings: which kinds of noise, and how much of each.
        names: strings that are never cut, such as the names that occur as answers.
        answers: normalised question → the facts that it asks for; a form that asks for another fact is never drawn.
    """

    def __init__(self, settings: QuestionNoise, names: Iterable[str] = (), answers: dict[str, set[str]] | None = None):
        self.settings = settings
        kept = sorted({name for name in names if 2 <= len(name) <= 12}, key=lambda name: (-len(name), name))
        self._names = re.compile("|".join(map(re.escape, kept))) if kept else None
        self._answers = answers or {}

    def draw(self, question: str, fact: str, dice: np.random.Generator) -> str:
        """A form of the question; the question itself where nothing else asks the same."""
        if dice.random() >= self.settings.share:
            return question
        for _ in range(4):
            noised = self._noised(question, dice)
            asked = self._answers.get(normalise(noised), {fact})
            if asked == {fact} and len(normalise(noised)) >= min(_MIN_LETTERS, len(normalise(question))):
                return noised
        return question

    def _noised(self, question: str, dice: np.random.Generator) -> str:
        settings = self.settings
        text = question
        if dice.random() < settings.drop_title:
            text = _TITLE.sub("", text, count=1) or text
        if dice.random() < settings.swap_asking_word:
            text = _other_asking_word(text, dice)
        if dice.random() < settings.shuffle_clauses:
            text = _shuffled(text, dice)
        if dice.random() < settings.drop_spans:
            text = self._with_spans_dropped(text, dice)
        if dice.random() < settings.drop_mark:
            text = _END.sub("", text)
        return text.strip("，,、； ") or question

    def _with_spans_dropped(self, text: str, dice: np.random.Generator) -> str:
        """One to `max_spans` runs of one to three characters (words, where words are set apart) left out."""
        if " " in text.strip() and text.isascii():
            return self._with_words_dropped(text, dice)
        for _ in range(int(dice.integers(1, self.settings.max_spans + 1))):
            kept = self._kept(text)
            length = int(dice.integers(1, 4))
            places = [n for n in range(len(text) - length + 1) if not any(kept[n : n + length])]
            if not places or len(text) - length < _MIN_LETTERS:
                break
            start = places[int(dice.integers(len(places)))]
            text = text[:start] + text[start + length :]
        return text

    def _with_words_dropped(self, text: str, dice: np.random.Generator) -> str:
        words = text.split(" ")
        for _ in range(int(dice.integers(1, self.settings.max_spans + 1))):
            free = [
                n
                for n, word in enumerate(words)
                if not (_ASKS.search(word) or _NUMBER.search(word) or word[:1].isupper())
            ]
            if len(free) < 2 or len(words) < 4:
                break
            del words[free[int(dice.integers(len(free)))]]
        return " ".join(words)

    def _kept(self, text: str) -> list[bool]:
        """For each character whether it must stay: names, numbers, quoted words, the word that asks, the marks."""
        kept = [not character.isalnum() for character in text]
        patterns = [_QUOTED, _NUMBER, _LATIN_NAME, _ASKS, *([self._names] if self._names else [])]
        for pattern in patterns:
            for match in pattern.finditer(text):
                kept[match.start() : match.end()] = [True] * (match.end() - match.start())
        return kept


def _other_asking_word(text: str, dice: np.random.Generator) -> str:
    for words in ASKING_WORDS:
        place = text.find(words[0])
        if place >= 0:
            other = words[1 + int(dice.integers(len(words) - 1))]
            return text[:place] + other + text[place + len(words[0]) :]
    return text


def _shuffled(text: str, dice: np.random.Generator) -> str:
    """The clauses in another order; quoted words are not cut."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match.group())
        return f"\x00{len(held) - 1}\x00"

    body = _QUOTED.sub(hold, _END.sub("", text))
    clauses = [clause for clause in _CLAUSE.split(body) if clause]
    if len(clauses) < 2:
        return text
    order = dice.permutation(len(clauses))
    mark = "," if text.isascii() else "，"
    shuffled = (mark + (" " if text.isascii() else "")).join(clauses[n] for n in order)
    shuffled = re.sub(r"\x00(\d+)\x00", lambda match: held[int(match.group(1))], shuffled)
    return shuffled + ("?" if text.isascii() else "？")
