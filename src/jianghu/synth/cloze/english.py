"""Questions about an English book, in English: who says it, to whom, who did it, what comes next, what a chapter is
called. Chapters and names go in; facts come out. Who speaks is whom the text names behind a verb of saying, whether the
name was found or not; the marks may be straight or curly.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ...corpus import Chapter
from ...names import Lexicon
from .fact import Fact, fitting

_TITLES = "Mr|Mrs|Ms|Dr|St|Prof|Rev|Capt|Col|Gen"
_BEGINS = r"(?:^|(?<=[.!?]\s))" + "".join(rf"(?<!\b{title}\.\s)" for title in _TITLES.split("|"))
_SENTENCE = re.compile(
    _BEGINS + r"[A-Z](?:[^.!?\n“”\"]|(?<=Mr)\.|(?<=Mrs)\.|(?<=Dr)\.){18,90}"
    r"(?<!\b[A-Z])(?<!etc)[.!?](?=\s|$)",
    re.MULTILINE,
)
_NAME = (
    r"(?:(?:Mr|Mrs|Miss|Ms|Dr|Captain|Colonel|Sir|Lady|Lord|Aunt|Uncle)\.?\s)?[A-Z][a-z]{2,14}(?:\s[A-Z][a-z]{2,14})?"
)
_SAID = re.compile(
    r"[“\"](?P<words>[A-Z][^“”\"\n]{14,70})[,.!?]?[”\"],?\s(?:said|cried|asked|replied|answered|exclaimed|returned|whispered)"
    rf"\s(?P<name>{_NAME})(?:\s(?:quietly|softly|gravely|coldly|gently))?(?:\sto\s(?P<whom>{_NAME}))?(?=[,.;!?\s])"
)
_DEED = re.compile(
    r"(?P<did>(?:[a-z]{2,}ed|went|came|took|gave|saw|heard|found|told|made|left|sat|stood|ran|rode|drove|wrote|brought|sent"
    r"|held|kept|met|put|read|rose|spoke|threw|wore|became|began|bought|caught|chose|drew|fell|felt|knew|led|lost|paid"
    r"|said|sold|shook|shot|slept|struck|swore|taught|thought|won)\s[^.!?;:]{14,80})"
)
_ELSEWHERE = re.compile(
    r"\b(?:he|she|it|they|him|them|this|that|these|those|there|then|here|such|so|I|you|we|us|me|my|our|your|its|their|theirs|"
    r"latter|former|another|other|others|both|again|too|also)\b"
)
"""Words that point out of the sentence."""
_LEAST_WORDS = 4
"""Words of speech below which anybody might have said it."""
_TITLE = re.compile(
    r"(?P<label>(?:chapter|letter|part|book|stave)\s+\w{1,12})[\s.:—–-]+(?P<rest>\S.{1,60})", re.IGNORECASE
)
_SPEAKS = 2
"""So often somebody must be named as speaking; whom the text names once may be no name (said Father)."""


def english(book: str, chapters: Sequence[Chapter], lexicon: Lexicon) -> Iterator[Fact]:
    """All facts of an English book."""
    yield from _speeches(book, chapters, lexicon)
    yield from _deeds(book, chapters, lexicon)
    yield from _following(book, chapters)
    yield from _titles(book, chapters)


def _speeches(book: str, chapters: Sequence[Chapter], lexicon: Lexicon) -> Iterator[Fact]:
    """Who says it; and to whom, where the text names them both."""
    found = [(chapter, match) for chapter in chapters for match in _SAID.finditer(chapter.text)]
    speaks = Counter(match["name"] for _, match in found)
    said = Counter(match["words"] for _, match in found)
    owners = lexicon.owners
    for chapter, match in found:
        name, whom, words = match["name"], match["whom"], match["words"].rstrip(",")
        known = owners.get(name) is not None or speaks[name] >= _SPEAKS
        if not known or said[match["words"]] > 1 or name in words or len(words.split()) < _LEAST_WORDS:
            continue
        asks = [
            (f"In “{book}”, who says “{words}”?", f"{name} says so."),
            (f"Whose words are “{words}” in “{book}”?", f"{name}’s."),
            (f"“{words}” Who says this in “{book}”?", f"{name} does."),
        ]
        if whom is not None and owners.get(whom) is not None and whom not in words:
            asks = [
                (f"In “{book}”, to whom does {name} say “{words}”?", f"{whom}."),
                (f"Whom does {name} tell “{words}” in “{book}”?", f"{whom}."),
                (f"“{words}” To whom does {name} say this in “{book}”?", f"{whom}."),
            ]
            yield _fact("whom", "whom", chapter, match.span(), whom, asks, _others(lexicon, whom))
        else:
            yield _fact("speech", "who", chapter, match.span(), name, asks, _others(lexicon, name))


def _deeds(book: str, chapters: Sequence[Chapter], lexicon: Lexicon) -> Iterator[Fact]:
    """Who did it: a sentence that begins with somebody's name and says by itself what was done."""
    found = [(chapter, match) for chapter in chapters for match in _SENTENCE.finditer(chapter.text)]
    times = Counter(match[0] for _, match in found)
    for chapter, match in found:
        start, end, name = next(iter(lexicon.mentions(match[0])), (-1, 0, ""))
        deed = _DEED.fullmatch(match[0][end:].rstrip(".").lstrip(" ")) if start == 0 else None
        if deed is None or match[0][-1] != "." or times[match[0]] > 1:
            continue
        did, written = deed["did"], match[0][:end]
        if match[0][end] != " " or _ELSEWHERE.search(did) or _mentioned(lexicon, did, name):
            continue
        asks = [
            (f"In “{book}”, who {did}?", f"{written}."),
            (f"Who {did} in “{book}”?", f"{written} did."),
            (f"“____ {did}.” Whose name is missing in “{book}”?", f"{written}’s."),
        ]
        yield _fact("deed", "who", chapter, match.span(), written, asks, _others(lexicon, written))


def _mentioned(lexicon: Lexicon, text: str, name: str) -> bool:
    """Whether a text names somebody: him who is asked for, which gives the answer away."""
    return name in lexicon.names_in(text)


def _others(lexicon: Lexicon, written: str) -> tuple[str, ...]:
    """The other forms of a name."""
    name = lexicon.owners.get(written) or written
    return tuple(sorted({name, *lexicon.aliases_of(name)} - {written}))


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
    pool: str,
    kind: str,
    chapter: Chapter,
    span: tuple[int, int],
    short: str,
    asks: list[tuple[str, str]],
    forms: tuple[str, ...] = (),
) -> Fact:
    key = f"{pool}:{chapter.book}:{chapter.text[span[0] : span[1]]}"
    place = (chapter.book, chapter.chapter, span[0])
    return Fact(key, key, pool, kind, chapter.book, chapter.chapter, *span, short, forms, fitting(asks), (place,))
