"""A passage → the spans that may answer a question about it: names, numbers, quoted words, words, clauses.

Everything here is a function of the passage alone, so that it is done once for each passage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..names import Kind
from ..retrieval import Passage

KINDS = ("person", "given", "place", "name", "number", "quote", "clause", "word")
"""Kinds of candidates; `given` is a person named by the given name alone, `name` a name of another kind."""
PERSON, GIVEN, PLACE, NAME, NUMBER, QUOTE, CLAUSE, WORD = range(len(KINDS))
MAX_CLAUSE, MAX_QUOTE, MAX_STRETCH = 14, 24, 8
"""Characters of a clause, of quoted words and of what stands between two characters of grammar."""

CLAUSES = re.compile(r"[^，。！？；：、,.!?;:\n“”‘’「」『』（）()…—]+")
SENTENCES = re.compile(r"[^。！？!?…\n]+[。！？!?…]*[”’」』]*\n?")
QUOTES = re.compile(r"[“「]([^“”「」]{1,400})[”」]?|[‘『]([^‘’『』]{1,60})[’』]|《([^》]{1,20})》")
INNER_QUOTES = re.compile(r"[‘『]([^‘’『』]{1,24})[’』]|《([^》]{1,20})》")
DIGITS = re.compile(r"第?[零〇一二三四五六七八九十百千万数两廿卅半0-9]+")
NUMBERS = re.compile(
    r"第?[零〇一二三四五六七八九十百千万数两廿卅半0-9]+(?:[余多]?[岁年月日夜里尺寸丈斤石两卷回次合座员名人个万千百匹口件枝支条只车船骑军兵杯碗鼓更道阵]?)"
)
FUNCTION = frozenset(
    "之乎者也矣焉哉曰道云于於与以为而乃其此是有不在从自将把被令使便即又却皆亦且若则因所的了着他我你汝吾某遂至"
    "可已未并同共但只就都要说问去来见得到向对和及等这那很再才给让叫"
)
"""Characters at which a word ends."""
SPEAKS = frozenset("曰道云说问答叫骂喝叹")
LEADS = re.compile(r"(?:因为|因|为|乃|以|被|使|令|是|恐|欲|只为|原来|便|遂|即)")


@dataclass(frozen=True)
class Layout:
    """A passage cut into its candidates, clauses, sentences and quotes.

    Attributes:
        start, end: of each candidate in the passage's text.
        kind: index into KINDS.
        answer: what each candidate answers: a person's name whichever way it is written, else the text itself.
        clause, sentence: number of the clause and of the sentence of each character.
        speaker: for each character, the candidate who speaks the quoted words around it; -1: nobody.

    """

    start: np.ndarray
    end: np.ndarray
    kind: np.ndarray
    answer: tuple[str, ...]
    clause: np.ndarray
    sentence: np.ndarray
    speaker: np.ndarray
    quoted: np.ndarray


def lay_out(passage: Passage, kinds: dict[str, Kind]) -> Layout:
    """Find the candidates of a passage.

    Args:
        kinds: the kind of each name of its book.
    """
    text = passage.text
    found: dict[tuple[int, int], int] = {}
    answers: dict[tuple[int, int], str] = {}
    for mention in passage.mentions:
        kind = kinds.get(mention.name, "person")
        span = (mention.start, mention.end)
        found[span] = (GIVEN if mention.short else PERSON) if kind == "person" else PLACE if kind == "place" else NAME
        answers[span] = mention.name
    in_name = np.zeros(len(text) + 1, bool)
    for start, end in found:
        in_name[start + 1 : end] = True  # inside, not at the edges
    speaker = np.full(len(text), -1, np.int32)
    quoted = np.zeros(len(text), bool)
    said: list[tuple[int, int]] = []
    for match in QUOTES.finditer(text):
        start, end = match.span(match.lastindex or 0)
        quoted[start:end] = True
        if match.lastindex == 1:
            said.append((start, end))
        if end - start <= MAX_QUOTE:
            found.setdefault((start, end), QUOTE)
        for inner in INNER_QUOTES.finditer(match[0]):
            span = inner.span(inner.lastindex or 0)
            found.setdefault((span[0] + match.start(), span[1] + match.start()), QUOTE)
    for match in NUMBERS.finditer(text):
        found.setdefault(match.span(), NUMBER)
        bare = DIGITS.match(match[0])
        if bare and len(bare[0]) > 1:
            found.setdefault((match.start(), match.start() + len(bare[0])), NUMBER)
    clause, sentence = np.zeros(len(text), np.int32), np.zeros(len(text), np.int32)
    for number, match in enumerate(SENTENCES.finditer(text)):
        sentence[match.start() : match.end()] = number
    for number, match in enumerate(CLAUSES.finditer(text), 1):
        start, end = match.span()
        clause[start:end] = number
        if 2 <= end - start <= MAX_CLAUSE:
            found.setdefault((start, end), CLAUSE)
        for lead in LEADS.finditer(text, start, end):
            if 2 <= end - lead.end() <= MAX_CLAUSE:
                found.setdefault((lead.end(), end), CLAUSE)
        for span in _words(text, start, end, in_name):
            found.setdefault(span, WORD)
    spans = sorted(found)
    for start, end in said:
        before = [n for n, (a, b) in enumerate(spans) if found[a, b] <= NAME and start - 20 <= a and b <= start]
        if before:
            speaker[start:end] = before[-1]
    return Layout(
        np.array([span[0] for span in spans], np.int32),
        np.array([span[1] for span in spans], np.int32),
        np.array([found[span] for span in spans], np.int32),
        tuple(answers.get(span) or text[span[0] : span[1]] for span in spans),
        clause,
        sentence,
        speaker,
        quoted,
    )


def _words(text: str, start: int, end: int, in_name: np.ndarray) -> list[tuple[int, int]]:
    """Spans of a clause that may be words: what stands between characters of grammar, and its first and last pair where
    that cuts no name."""
    edges = [start, *(at for at in range(start, end) if text[at] in FUNCTION), end]
    found: list[tuple[int, int]] = []
    for left, right in pairwise(sorted({*edges, *(edge + 1 for edge in edges if edge < end)})):
        if right - left < 2 or text[left] in FUNCTION:
            continue
        if right - left <= MAX_STRETCH:
            found.append((left, right))
        found += [(at, at + 2) for at in (left, right - 2) if not (in_name[at] or in_name[at + 2])]
    return found
