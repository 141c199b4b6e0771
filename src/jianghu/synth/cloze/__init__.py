"""Records without a model and without a network: questions cut from the text, deterministic.

Chapters and lexicons go in; records come out, spread evenly over chapters and kinds of question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from ...corpus import Chapter, by_book
from ...names import Lexicon
from ...recipe import SynthSettings
from ...records import Record, split_of
from ...text import is_english
from .chapters import following, happenings, titles
from .english import english
from .fact import Fact, order_of
from .membership import members
from .sentences import BookText
from .what import things
from .where import places
from .who import blanks, deeds, speeches
from .whom import listeners, receivers

CHAPTER_POOLS = frozenset(["happening", "title", "number"])
"""Questions about chapters, which few people ask."""
EVERY = 13
"""One fact in so many is about a chapter, where there are others."""
WORDINGS = 3  # records a fact: one wording alone leaves a fact hard to call up (Allen-Zhu and Li 2023)


def cloze_records(
    chapters: Sequence[Chapter], lexicons: Mapping[str, Lexicon], settings: SynthSettings
) -> list[Record]:
    """At most `settings.cloze_records` records; the same input gives the same records.

    A sentence serves one fact only, and no two records ask the same. The short answer stands in the evidence
    `text[start:end]`, or in the chapter's title (kind chapter); yes and no (是的, 不是) have no evidence span.

    Args:
        lexicons: the names of each book; a book that has none gets questions about its chapters only.
    """
    books = by_book(chapters)
    english_books = {book: own for book, own in books.items() if is_english([chapter.text for chapter in own])}
    shelf = [BookText(book, own, lexicons.get(book)) for book, own in books.items() if book not in english_books]
    pools: dict[str, dict[tuple[str, int], list[Fact]]] = defaultdict(lambda: defaultdict(list))
    told_in_english = (
        fact for book, own in english_books.items() for fact in english(book, own, lexicons.get(book) or Lexicon([]))
    )
    for fact in _clear(chain((fact for book in shelf for fact in _facts(book, shelf)), told_in_english)):
        # Facts of a whole book, such as who does not belong to it, count to no chapter but take turns like one.
        place = (fact.book, 0 if fact.pool == "member" else fact.chapter or 0)
        pools[fact.pool][place].append(fact)
    records: list[Record] = []
    places = [(c.book, c.chapter) for c in chapters]
    chapter_pools = {pool: facts for pool, facts in pools.items() if pool in CHAPTER_POOLS}
    others = {pool: facts for pool, facts in pools.items() if pool not in CHAPTER_POOLS}
    spent: set[tuple[str, int, int]] = set()
    told = _in_turn(others, places, settings.seed, spent)
    about = _in_turn(chapter_pools, places, settings.seed, spent)
    for fact in _mixed(told, about):
        room = settings.cloze_records - len(records)
        if room <= 0:
            break
        records += _records(fact, settings)[:room]
    return records


def _facts(book: BookText, shelf: Sequence[BookText]) -> Iterator[Fact]:
    # The rarer kinds choose their sentences first.
    for make in (listeners, things, receivers, places, speeches, deeds, blanks, happenings, following, titles):
        yield from make(book)
    yield from members(book, shelf)


def _clear(facts: Iterable[Fact]) -> list[Fact]:
    """The facts without those of which a question also has another answer, or no wording fits."""
    kept = [fact for fact in facts if fact.asks]
    answers: dict[str, set[str]] = defaultdict(set)
    for fact in kept:
        for question, _ in fact.asks:
            answers[question].add(fact.short)
    return [fact for fact in kept if all(len(answers[question]) == 1 for question, _ in fact.asks)]


def _mixed(told: Iterator[Fact], about: Iterator[Fact]) -> Iterator[Fact]:
    """Facts that the text tells, and one about a chapter after every twelve; where there are none, chapters only."""
    first = True
    for number, fact in enumerate(told, 1):
        yield fact
        if number % (EVERY - 1) == 0:
            yield from islice(about, 1)
        first = False
    if first:
        yield from about


def _in_turn(
    pools: Mapping[str, Mapping[tuple[str, int], list[Fact]]],
    places: Sequence[tuple[str, int]],
    seed: int,
    spent: set[tuple[str, int, int]],
) -> Iterator[Fact]:
    """Facts round after round: of every chapter one of each pool, none from a sentence that is `spent`."""
    queues = {
        (pool, place): sorted(facts, key=lambda fact: order_of(f"{seed}:{fact.key}"), reverse=True)
        for pool, by_place in pools.items()
        for place, facts in by_place.items()
    }
    turns = sorted(places, key=lambda place: order_of(f"{seed}:{place}"))
    asked: set[str] = set()
    while any(queues.values()):
        for book, chapter in turns:
            for pool in pools:
                queue = queues.get((pool, (book, 0 if pool == "member" else chapter)), [])
                while queue:
                    fact = queue.pop()
                    questions = [question for question, _ in fact.asks]
                    if spent.isdisjoint(fact.spends) and asked.isdisjoint(questions):
                        spent.update(fact.spends)
                        asked.update(questions)
                        yield fact
                        break


def _records(fact: Fact, settings: SynthSettings) -> list[Record]:
    """The fact in up to three of its wordings, beginning with another one from fact to fact."""
    number = order_of(fact.key)
    name = f"cloze-{number:016x}"
    split = split_of(fact.group, settings.seed, settings.val_fraction, settings.test_fraction)
    first = number % len(fact.asks)
    asks = (fact.asks[first:] + fact.asks[:first])[:WORDINGS]
    return [
        Record(
            id=f"{name}-{wording}",
            fact=name,
            wording=wording,
            kind=fact.kind,
            question=question,
            answer=answer,
            short_answer=fact.short,
            aliases=fact.aliases,
            book=fact.book,
            chapter=fact.chapter,
            start=fact.start,
            end=fact.end,
            source="cloze",
            split=split,
        )
        for wording, (question, answer) in enumerate(asks, 1)
    ]
