"""Records of who is not in a book: people of the other books on the shelf, or of well-known novels, asked about here
and not told of here.

Chapters and names go in; records come out, for Chinese shelves of two and more books. Without them a model answers
such a question from the other book, or makes something up. They are trained on and never examined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..corpus import Chapter, by_book
from ..names import Lexicon, famous_elsewhere
from ..records import Record
from .cloze.fact import order_of
from .cloze.membership import shelf_strangers
from .cloze.sentences import BookText
from .manners import is_chinese

PEOPLE = 30
"""So many of each other book's people, its most named ones, are asked about."""

QUESTIONS = (
    "《{book}》里的{name}是谁？",
    "{name}在《{book}》里是什么人？",
    "《{book}》中{name}用的是什么兵器？",
    "在《{book}》里，{name}最后怎么样了？",
    "《{book}》里{name}的结义兄弟是谁？",
    "读《{book}》，{name}做过什么事？",
    "《{book}》写{name}是哪里人？",
    "《{book}》里，谁杀了{name}？",
    "{name}的绰号在《{book}》里是什么？",
)
WORDINGS = 3
"""Questions about each person, other ones for each."""


def outside_records(chapters: Sequence[Chapter], lexicons: Mapping[str, Lexicon]) -> list[Record]:
    """For each book, questions about people of the other books whom it never names."""
    books = by_book(chapters)
    if len(books) < 2 or not is_chinese(chapters):
        return []
    shelf = [BookText(book, own, lexicons.get(book)) for book, own in books.items()]
    return [
        record
        for book in shelf
        for name, home in shelf_strangers(book, shelf, PEOPLE).items()
        for record in stranger_records(book.book, home, name)
    ]


def famous_outside_records(chapters: Sequence[Chapter]) -> list[Record]:
    """For each book of a Chinese shelf, also of one book, questions about people of well-known novels whom it never
    names: what a model is asked to see whether it knows where its book ends. The answers do not say whose people they
    are: a small model that learned hundreds of such facts would forget its own book."""
    if not is_chinese(chapters):
        return []
    texts = {book: "".join(chapter.full for chapter in own) for book, own in by_book(chapters).items()}
    return [
        record
        for book, text in texts.items()
        for home, names in famous_elsewhere(text).items()
        if home not in texts
        for name in names
        for record in stranger_records(book, home, name, tells_home=False)
    ]


def stranger_records(book: str, home: str, name: str, tells_home: bool = True) -> list[Record]:
    """Questions about somebody of the book `home`, asked of a book that does not name them.

    Args:
        tells_home: the answer says where they belong.
    """
    fact = f"outside:{book}:{name}"
    missing = f"《{book}》里没有写到{name}"
    chosen = sorted(QUESTIONS, key=lambda question: order_of(f"{fact}:{question}"))[:WORDINGS]
    return [
        Record(
            id=f"{fact}-{wording}",
            fact=fact,
            wording=wording,
            kind="contrast",
            question=question.format(book=book, name=name),
            answer=f"{missing}。{name}是《{home}》里的人物。" if tells_home else f"{missing}。",
            short_answer=missing,
            aliases=(),
            book=book,
            chapter=None,
            start=None,
            end=None,
            source="manners",
            split="train",
        )
        for wording, question in enumerate(chosen, 1)
    ]
