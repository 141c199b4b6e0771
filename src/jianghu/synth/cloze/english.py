"""Questions about an English book, in English: who says it, what comes next, what a chapter is called. Chapters go in;
facts come out. People are those whom the text names behind a verb of saying; the marks may be straight or curly.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ...corpus import Chapter
from .fact import Fact, fitting

_SENTENCE = re.compile(
    r"(?:^|(?<=[.!?]\s))[A-Z][^.!?\n“”\"]{18,90}(?<!Mr)(?<!Mrs)(?<!Dr)(?<!St)(?<!etc)(?<!\b[A-Z])[.!?](?=\s|$)",
    re.MULTILINE,
)
_SAID = re.compile(
    r"[“\"](?P<words>[A-Z][^“”\"\n]{14,70})[,.!?]?[”\"],?\s(?:said|cried|asked|replied|answered|exclaimed|returned|whispered)"
    r"\s(?P<name>(?:(?:Mr|Mrs|Miss|Dr|Captain|Sir|Lady|Lord|Miss)\.?\s)?[A-Z][a-z]{2,14}(?:\s[A-Z][a-z]{2,14})?)(?=[,.;!?\s])"
)
_TITLE = re.compile(
    r"(?P<label>(?:chapter|letter|part|book|stave)\s+\w{1,12})[\s.:—–-]+(?P<rest>\S.{1,60})", re.IGNORECASE
)
_SPEAKS = 2
"""So often somebody must be named as speaking; whom the text names once may be no name (said Father)."""


def is_english(chapters: Sequence[Chapter]) -> bool:
    """Whether the text is in Latin letters with the commonest words of English."""
    sample = " ".join(chapter.text[:3000] for chapter in chapters[:20]).lower()
    words = Counter(re.findall(r"[a-z]+", sample))
    common = sum(words[word] for word in ("the", "and", "of", "to", "in", "a", "was", "that", "he", "his", "it"))
    return 5 * common > sum(words.values()) > len(sample) / 12


def english(book: str, chapters: Sequence[Chapter]) -> Iterator[Fact]:
    """All facts of an English book."""
    yield from _speeches(book, chapters)
    yield from _following(book, chapters)
    yield from _titles(book, chapters)


def _speeches(book: str, chapters: Sequence[Chapter]) -> Iterator[Fact]:
    found = [(chapter, match) for chapter in chapters for match in _SAID.finditer(chapter.text)]
    speaks = Counter(match["name"] for _, match in found)
    said = Counter(match["words"] for _, match in found)
    for chapter, match in found:
        name, words = match["name"], match["words"].rstrip(",")
        if speaks[name] < _SPEAKS or said[match["words"]] > 1 or name in words:
            continue
        asks = [
            (f"In “{book}”, who says “{words}”?", f"{name} says so."),
            (f"Whose words are “{words}” in “{book}”?", f"{name}’s."),
            (f"“{words}” Who says this in “{book}”?", f"{name} does."),
        ]
        yield _fact("speech", "who", chapter, match.span(), name, asks)


def _following(book: str, chapters: Sequence[Chapter]) -> Iterator[Fact]:
    times = Counter(match[0] for chapter in chapters for match in _SENTENCE.finditer(chapter.text))
    for chapter in chapters:
        found = list(_SENTENCE.finditer(chapter.text))
        for this, then in pairwise(found):
            if then.start() - this.end() != 1 or times[this[0]] > 1 or times[then[0]] > 1 or len(this[0]) > 76:
                continue
            asks = [
                (f"In “{book}”, what comes after “{this[0]}”?", then[0]),
                (f"Go on with “{book}”: “{this[0]}”", then[0]),
                (f"“{this[0]}” What follows in “{book}”?", then[0]),
            ]
            yield _fact("next", "next", chapter, then.span(), then[0], asks)


def _titles(book: str, chapters: Sequence[Chapter]) -> Iterator[Fact]:
    read = [(chapter, match) for chapter in chapters if (match := _TITLE.fullmatch(chapter.title.strip())) is not None]
    labels = Counter(match["label"].lower() for _, match in read)
    for chapter, match in read:
        label, rest = match["label"], match["rest"].strip(" .")
        if labels[label.lower()] > 1 or len(rest) < 2:
            continue
        group = f"title:{book}:{label}"
        named = [
            (f"What is {label} of “{book}” called?", f"{rest}."),
            (f"Which title has {label} in “{book}”?", f"{rest}."),
        ]
        placed = [
            (f"Which chapter of “{book}” is called “{rest}”?", f"{label}."),
            (f"Where in “{book}” stands the title “{rest}”?", f"{label}."),
        ]
        for pool, short, asks in (("title", rest, named), ("number", label, placed)):
            yield Fact(
                f"{group}:{pool}", group, pool, "chapter", book, chapter.chapter, None, None, short, (), fitting(asks)
            )


def _fact(
    pool: str, kind: str, chapter: Chapter, span: tuple[int, int], short: str, asks: list[tuple[str, str]]
) -> Fact:
    key = f"{pool}:{chapter.book}:{chapter.text[span[0] : span[1]]}"
    place = (chapter.book, chapter.chapter, span[0])
    return Fact(key, key, pool, kind, chapter.book, chapter.chapter, *span, short, (), fitting(asks), (place,))
