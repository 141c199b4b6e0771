"""What comes next, which chapter tells it, and what a chapter is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .asking import FORMULA, clear, is_verse
from .fact import Fact, fitting, from_sentence
from .sentences import BookText


def following(book: BookText) -> Iterator[Fact]:
    """The next sentence of the same paragraph; both stand in the book once."""
    for this, then in zip(book.sentences, book.sentences[1:], strict=False):
        if this.chapter is not then.chapter or then.opens_paragraph or this.end != then.start:
            continue
        if not (12 <= len(this.text) <= 48 and 10 <= len(then.text) <= 50 and this.plain and then.plain):
            continue
        if not this.mentions or not book.once(this) or not book.once(then):
            continue
        if is_verse(this.text) or is_verse(then.text) or not clear(this.text) or FORMULA.search(then.text):
            continue
        title, at = book.book, book.place(this.chapter.chapter)
        asks = [
            (f"《{title}》中，“{this.text}”的下一句是什么？", then.text),
            (f"请接着《{title}》的原文往下写一句：“{this.text}”", then.text),
            (f"{at}里，“{this.text}”后面紧接着的是哪一句？", then.text),
            (f"“{this.text}”之后，《{title}》接着写了什么？", then.text),
            (f"《{title}》里，{this.bare}，接下来怎样了？", then.text),
            (f"{this.bare}，然后发生了什么？请按《{title}》回答。", then.text),
            (f"请问{at}中，{this.bare}，之后呢？", then.text),
        ]
        fact = from_sentence("next", "next", then, then.text, (), asks)
        chapter = this.chapter
        yield replace(fact, spends=(*fact.spends, (chapter.book, chapter.chapter, this.start)))


def happenings(book: BookText) -> Iterator[Fact]:
    """Which chapter: narration about somebody, to be placed. The answer stands in the chapter's title."""
    for sentence in book.sentences:
        heading = book.headings.get(sentence.chapter.chapter)
        if heading is None or not heading.rest or not sentence.mentions or not sentence.plain:
            continue
        if not 16 <= len(sentence.text) <= 56 or not book.once(sentence):
            continue
        title, unit = book.book, heading.unit
        # The answers leave the title out: it is asked for by itself, perhaps in another split.
        asks = [
            (f"“{sentence.text}”出自《{title}》的哪一{unit}？", f"{heading.label}。这句话就写在这一{unit}里。"),
            (f"《{title}》第几{unit}写到“{sentence.bare}”？", f"{heading.label}。那一{unit}里写到了这件事。"),
            (
                f"“{sentence.bare}”这件事写在《{title}》第几{unit}？",
                f"{heading.label}。《{title}》在这一{unit}写了这件事。",
            ),
        ]
        yield from_sentence("happening", "chapter", sentence, heading.label, (), asks)


def titles(book: BookText) -> Iterator[Fact]:
    """A chapter's title by its number, and the number by the title. The evidence is the title, not the text."""
    for number, heading in book.headings.items():
        if not heading.rest:
            continue
        title, unit, what = book.book, heading.unit, "回目" if heading.unit == "回" else "标题"
        group = f"title:{title}:{heading.label}"
        named = [
            (
                f"《{title}》{heading.label}的{what}是什么？",
                f"{heading.rest}，这是《{title}》{heading.label}的{what}。",
            ),
            (f"{heading.label}在《{title}》里叫什么名字？", f"{heading.rest}。这就是{heading.label}的{what}。"),
            (f"请说出《{title}》{heading.label}的{what}。", f"{heading.rest}。"),
        ]
        placed = [
            (f"{what}“{heading.rest}”是《{title}》的第几{unit}？", f"{heading.label}，{what}是“{heading.rest}”。"),
            (f"《{title}》的哪一{unit}题为“{heading.rest}”？", f"{heading.label}。那一{unit}题为“{heading.rest}”。"),
            (f"“{heading.rest}”在《{title}》里排在第几{unit}？", f"{heading.label}。"),
        ]
        for pool, short, asks in (("title", heading.rest, named), ("number", heading.label, placed)):
            key = f"{group}:{pool}"
            yield Fact(key, group, "title", "chapter", title, number, None, None, short, (), fitting(asks))
