"""Chapters → sentences with their place, the names in them, and whether the book says them only once."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...corpus import Chapter
from ...names import Lexicon

_END = re.compile(r"[。！？!?…]+[”’」』）)\"]*")
_PAIRS = (("“", "”"), ("‘", "’"), ("「", "」"), ("『", "』"), ("（", "）"))
_QUOTES = re.compile(r"[“”‘’「」『』\"（）()《》]")
_LABEL = re.compile(r"^(第[0-9０-９零〇一二三四五六七八九十百千两廿卅]+([回章节卷集部篇]))[\s　:：、]*(.*)$")
LONGEST = 300  # a stretch whose quotes are still open after so many characters has lost one; begin anew


@dataclass(frozen=True)
class Mention:
    """A name in a sentence: `sentence.text[start:end]` is how it is written, `name` is who it is."""

    start: int
    end: int
    name: str


@dataclass(frozen=True)
class Sentence:
    """A sentence with closed quotes: `chapter.text[start:end] == text`."""

    chapter: Chapter
    start: int
    end: int
    text: str
    mentions: tuple[Mention, ...]
    opens_paragraph: bool

    @property
    def plain(self) -> bool:
        """Narration without quotes, brackets or titles."""
        return not _QUOTES.search(self.text)

    @property
    def bare(self) -> str:
        """The sentence without the mark that ends it."""
        return self.text.rstrip("。！？!?…")


@dataclass(frozen=True)
class Heading:
    """A chapter's title in its parts: 第五回, 回, and the rest."""

    label: str
    unit: str
    rest: str


class BookText:
    """What the question makers know of one book."""

    def __init__(self, book: str, chapters: Sequence[Chapter], lexicon: Lexicon | None) -> None:
        self.book, self.chapters, self.lexicon = book, list(chapters), lexicon
        names = lexicon.names if lexicon else []
        self.kinds = {name.name: name.kind for name in names}
        self.text = "\n".join(f"{chapter.title}\n{chapter.text}" for chapter in chapters)
        self.sentences = [sentence for chapter in chapters for sentence in self._cut(chapter)]
        self._times = Counter(letters(sentence.text) for sentence in self.sentences)
        headings = {chapter.chapter: _heading(chapter.title) for chapter in chapters}
        labels = Counter(heading.label for heading in headings.values() if heading)
        self.headings = {n: h for n, h in headings.items() if h and labels[h.label] == 1}

    def once(self, sentence: Sentence) -> bool:
        """Whether the book has this sentence only here, punctuation aside."""
        return self._times[letters(sentence.text)] == 1

    def telling(self, words: str) -> bool:
        """Whether words point at one event: most of their 4-grams are nowhere else in the book."""
        plain = letters(words)
        grams = [plain[at : at + 4] for at in range(len(plain) - 3)]
        return 2 * sum(self._grams[gram] == 1 for gram in grams) > max(8, len(grams))

    def place(self, chapter: int) -> str:
        """`《书名》第五回`, or `《书名》` where the chapter has no number of its own."""
        heading = self.headings.get(chapter)
        return f"《{self.book}》{heading.label if heading else ''}"

    def also(self, name: str, written: str) -> tuple[str, ...]:
        """Every other form that names the same."""
        forms = {name, *(self.lexicon.aliases_of(name) if self.lexicon else ())}
        return tuple(sorted(form for form in forms if form != written and len(form) > 1))

    @cached_property
    def _grams(self) -> Counter[str]:
        plain = letters(self.text)
        return Counter(plain[at : at + 4] for at in range(len(plain) - 3))

    @cached_property
    def people(self) -> list[str]:
        """Persons by how often the book names them, most often first."""
        times = Counter(m.name for s in self.sentences for m in s.mentions if self.kinds.get(m.name) == "person")
        return sorted(times, key=lambda name: (-times[name], name))

    def _cut(self, chapter: Chapter) -> list[Sentence]:
        found = sorted(self.lexicon.mentions(chapter.text)) if self.lexicon else []
        starts = [mention[0] for mention in found]
        result = []
        for start, end, opens in _spans(chapter.text):
            inside = found[bisect_left(starts, start) : bisect_left(starts, end)]
            mentions = tuple(Mention(a - start, b - start, name) for a, b, name in inside if b <= end)
            result.append(Sentence(chapter, start, end, chapter.text[start:end], mentions, opens))
        return result


def letters(text: str) -> str:
    """The text without marks and spaces, by which two sentences are compared."""
    return "".join(character for character in text if character.isalnum())


def _heading(title: str) -> Heading | None:
    match = _LABEL.match(title.strip())
    return Heading(match[1], match[2], match[3].strip()) if match else None


def _spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """Sentences of a text as (start, end, whether it opens its paragraph); stretches with open quotes are left out."""
    paragraph = 0
    for line in text.split("\n"):
        start, opens = 0, True
        for match in _END.finditer(line):
            piece = line[start : match.end()]
            if not _closed(piece):
                if len(piece) > LONGEST:
                    start, opens = match.end(), False
                continue
            lead = len(piece) - len(piece.lstrip(" \u3000”’」』）"))
            yield paragraph + start + lead, paragraph + match.end(), opens
            start, opens = match.end(), False
        paragraph += len(line) + 1


def _closed(piece: str) -> bool:
    return piece.count('"') % 2 == 0 and all(piece.count(left) == piece.count(right) for left, right in _PAIRS)
