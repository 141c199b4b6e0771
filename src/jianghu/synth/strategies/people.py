"""The people of a book who are spoken of often enough to write about, each with sentences spread over the book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..books import Shelf
from ..cloze.sentences import BookText, Sentence

MIN_SENTENCES = 5  # sentences that mention a person; fewer give no dossier
LONGEST = 120  # characters of a sentence that is shown
ALIASES = 4  # other names that are shown


@dataclass(frozen=True)
class Person:
    """Somebody to write about.

    Attributes:
        called: the name with other names, as the prompt shows it.
        sentences: those that mention the person in reading order, each after its chapter's title.
    """

    book: str
    name: str
    called: str
    sentences: str


def people_of(shelf: Shelf, book: str, size: int) -> Iterator[Person]:
    """The people of a book, most often mentioned first; no sentence is one on which training is validated.

    Args:
        size: most characters of sentences for each.
    """
    lexicon = shelf.names(book)
    text = BookText(book, [chapter for chapter in shelf.chapters if chapter.book == book], lexicon)
    spoken: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in text.sentences:
        if len(sentence.text) <= LONGEST and shelf.free(book, sentence.chapter.chapter, sentence.start, sentence.end):
            for name in dict.fromkeys(mention.name for mention in sentence.mentions):
                spoken[name].append(sentence)
    for name in text.people:
        if len(spoken[name]) >= MIN_SENTENCES:
            aliases = "、".join(lexicon.aliases_of(name)[:ALIASES])
            called = f"{name}（又作{aliases}）" if aliases else name
            yield Person(book, name, called, _shown(spoken[name], size))


def _shown(sentences: Sequence[Sentence], size: int) -> str:
    """Sentences at even distances, as many as fit; a chapter's title stands once."""
    count = max(1, min(len(sentences), size * len(sentences) // sum(len(s.text) for s in sentences)))
    lines, chapter = [], None
    for number in range(count):
        sentence = sentences[number * len(sentences) // count]
        if sentence.chapter.chapter != chapter:
            chapter = sentence.chapter.chapter
            lines.append(f"【{sentence.chapter.title or f'第{chapter}章'}】")
        lines.append(sentence.text)
    return "\n".join(lines)
