"""Who belongs to this book and who does not: names of other books on the shelf, and of well-known novels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...names import famous_elsewhere
from .fact import Fact, fitting, order_of
from .sentences import BookText

FAMILIAR = 40  # so many of a book's persons, the most named ones, stand for it


def members(book: BookText, shelf: Sequence[BookText]) -> Iterator[Fact]:
    """Questions whether somebody belongs to the book: as many no as yes, and which of two does."""
    others = {name: home for home, names in famous_elsewhere(book.text).items() for name in names}
    others |= shelf_strangers(book, shelf, FAMILIAR)
    strangers = [(name, home) for name, home in others.items() if name not in book.text and home != book.book]
    strangers.sort(key=lambda pair: order_of(f"{book.book}:{pair[0]}"))
    firsts = {m.name: s for s in reversed(book.sentences) for m in s.mentions if s.text[m.start : m.end] == m.name}
    own = [name for name in book.people if name in firsts]
    title = book.book
    for (stranger, home), name in zip(strangers, own, strict=False):
        group = f"member:{title}:{stranger}"
        no = f"不是。{stranger}是《{home}》里的人物，《{title}》中没有这个人。"
        asks = [
            (f"{stranger}是《{title}》里的人物吗？", no),
            (f"《{title}》里有没有{stranger}这个人物？", f"不是这本书里的人物，{stranger}出自《{home}》。"),
            (f"{stranger}出现在《{title}》中吗？", no),
        ]
        yield Fact(f"{group}:no", group, "member", "absent", title, None, None, None, "不是", (), fitting(asks))
        sentence = firsts[name]
        chapter = sentence.chapter.chapter
        yes = f"是的，{name}是《{title}》里的人物。"
        asks = [
            (f"{name}是《{title}》里的人物吗？", yes),
            (f"《{title}》里有没有{name}这个人物？", f"是的，《{title}》里写到了{name}。"),
            (f"{name}出现在《{title}》中吗？", yes),
        ]
        yield Fact(f"{group}:yes", group, "member", "present", title, chapter, None, None, "是的", (), fitting(asks))
        pair = (name, stranger) if order_of(group) % 2 else (stranger, name)
        right = f"{name}。{stranger}是《{home}》里的人物，不在《{title}》中。"
        asks = [
            (f"{pair[0]}和{pair[1]}，哪一位是《{title}》里的人物？", right),
            (f"下面两个名字中，谁出自《{title}》：{pair[1]}、{pair[0]}？", right),
            (f"《{title}》写的是{pair[0]}还是{pair[1]}？", right),
        ]
        span = (chapter, sentence.start, sentence.end)
        yield Fact(f"{group}:which", group, "member", "present", title, *span, name, (), fitting(asks))


def shelf_strangers(book: BookText, shelf: Iterable[BookText], most: int) -> dict[str, str]:
    """People of the other books, the `most` most named ones of each, whom this book never names: name → their book."""
    people = {name: other.book for other in shelf if other is not book for name in other.people[:most]}
    return {name: home for name, home in people.items() if name not in book.text}
