"""The names of a book that readers ask about most, and the passages that tell what they ask first.

A passage is found for a name and a topic (who it is, family, weapon, end …) by BM25 over the sentences that name it:
the words with which novels speak of such things are the query. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...corpus import Passage
from ...names import Kind
from ...retrieval import find_mentions
from ...retrieval.search import best, bm25
from ..books import Shelf

LEAST = 3
"""Mentions of a name; fewer give nothing that everybody would ask."""
SHARES: tuple[tuple[tuple[Kind, ...], float], ...] = (
    (("person",), 0.6),
    (("place",), 0.2),
    (("faction", "other"), 0.2),
)
"""Shares of people, of places and of things among the names; what one sort has too few of goes to the others."""
TOPICS: dict[bool, tuple[tuple[str, ...], ...]] = {
    True: (
        ("字", "号", "姓", "人氏", "官", "身长", "绰号", "人称", "唤做", "乃是"),
        ("父", "母", "兄", "弟", "妻", "夫人", "女", "子", "结义", "结拜", "义兄", "师父", "徒弟"),
        ("刀", "枪", "剑", "戟", "斧", "鞭", "弓", "棍", "马", "手提", "兵器", "使一"),
        (),
        ("死", "杀", "斩", "亡", "自刎", "病", "葬", "尸", "谥"),
    ),
    False: (
        ("在", "乃", "名", "唤做", "城", "山", "离", "里"),
        ("守", "住", "主", "得", "送", "赐", "借", "造"),
        (),
        ("战", "攻", "夺", "破", "杀", "会", "失", "毁", "烧"),
    ),
}
"""For people, and for all else: the words that tell of who or what it is, of whose it is, of its great scenes (none:
where it is named most), of how it ends. In the order in which they are asked."""
LATE = 3
"""An end is looked for in the last of so many parts of the passages that name it: earlier ones tell of other deaths."""
_SENTENCE = re.compile(r"[^。！？!?…\n]+")


@dataclass(frozen=True)
class WellKnown:
    """A name that is asked about.

    Attributes:
        called: with its other names, as the prompt shows it.
        passages: those that are read, the first one first.
    """

    book: str
    name: str
    called: str
    passages: tuple[Passage, ...]


def well_known(shelf: Shelf, book: str, size: int, names: int, passages: int) -> list[WellKnown]:
    """The best-known names of a book, the most named first.

    Args:
        size: characters of a passage.
        names: most names, and `passages` for each.
    """
    named = _Named(shelf, book, size)
    found = []
    for name in named.chosen(names):
        aliases = "、".join(shelf.names(book).aliases_of(name)[:4])
        called = f"{name}（又作{aliases}）" if aliases else name
        found.append(WellKnown(book, name, called, named.passages_of(name, passages)))
    return found


class _Named:
    """Which passages name whom, with the sentences that do."""

    def __init__(self, shelf: Shelf, book: str, size: int) -> None:
        lexicon = shelf.names(book)
        self.kinds = {name.name: name.kind for name in lexicon.names}
        self.passages = [passage for passage in shelf.in_order(size) if passage.book == book]
        self.lengths = np.array([len(passage.text) for passage in self.passages], np.float32)
        self.lengths /= self.lengths.mean() if len(self.lengths) else 1
        self.times: Counter[str] = Counter()
        self.sentences: dict[str, dict[int, list[str]]] = defaultdict(dict)
        self.counts: dict[str, Counter[int]] = defaultdict(Counter)
        places: dict[int, list[int]] = defaultdict(list)
        for number, passage in enumerate(self.passages):
            places[passage.chapter].append(number)
        for chapter in shelf.chapters:
            if chapter.book != book or not places[chapter.chapter]:
                continue
            numbers = places[chapter.chapter]
            starts = [self.passages[number].start for number in numbers]
            for mention in find_mentions(chapter.text, lexicon):
                at = bisect_right(starts, mention.start) - 1
                if at >= 0 and mention.end <= self.passages[numbers[at]].end:
                    self.times[mention.name] += 1
                    self.counts[mention.name][numbers[at]] += 1
                    self._keep(mention.name, numbers[at], mention.start)

    def _keep(self, name: str, number: int, at: int) -> None:
        """The sentence in which a name stands, once."""
        passage = self.passages[number]
        before = max((passage.text.rfind(mark, 0, at - passage.start) for mark in "。！？!?…\n"), default=-1)
        match = _SENTENCE.match(passage.text, before + 1)
        kept = self.sentences[name].setdefault(number, [])
        if match and match[0] not in kept[-1:]:
            kept.append(match[0])

    def chosen(self, count: int) -> list[str]:
        """The most named, in the shares of `SHARES`."""
        ranked = [name for name, times in self.times.most_common() if times >= LEAST]
        taken: set[str] = set()
        for kinds, share in SHARES:
            taken.update([name for name in ranked if self.kinds[name] in kinds][: round(share * count)])
        rest = [name for name in ranked if name not in taken][: max(0, count - len(taken))]
        return [name for name in ranked if name in taken or name in rest][:count]

    def passages_of(self, name: str, most: int) -> tuple[Passage, ...]:
        """For each topic the passage that tells most of it; where that is taken, the next one."""
        taken: dict[int, None] = {}
        topics = TOPICS[self.kinds[name] == "person"]
        for topic in topics[:most]:
            late = LATE if topic is topics[-1] else 1
            found = self._best(name, topic, len(taken) + 1, late)
            new = next((number for number in found if number not in taken), None)
            if new is not None:
                taken[new] = None
        return tuple(self.passages[number] for number in taken)

    def _best(self, name: str, topic: Sequence[str], limit: int, late: int) -> list[int]:
        """Passages that name somebody, those first that tell most of a topic in the sentences that do.

        Args:
            late: only the last of so many parts of them, at least `limit` passages.
        """
        own = self.counts[name]
        where = sorted(own)
        where = where[-max(limit, len(where) // late) :]
        postings = [(1.0, *bm25(where, [own[number] for number in where], self.lengths))]
        for word in topic:
            times = {n: sum(sentence.count(word) for sentence in self.sentences[name].get(n, ())) for n in where}
            if here := [number for number in where if times[number]]:
                postings.append((1.0, *bm25(here, [times[number] for number in here], self.lengths)))
        return [number for number, _ in best(postings, len(self.passages), [range(len(self.passages))], limit)]
