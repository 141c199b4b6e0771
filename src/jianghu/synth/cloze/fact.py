"""What a question maker gives: one fact of a book with several ways to ask for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from .sentences import Sentence

MAX_QUESTION, MAX_ANSWER = 120, 60  # characters; what a small model can take in and say


@dataclass(frozen=True)
class Fact:
    """One fact, before it is chosen.

    Attributes:
        key: names the fact, the same in every run.
        group: facts that give each other away share it, and so share a split.
        pool: the question maker; the choice is even over pools.
        asks: wordings as (question, answer).
        spends: sentences that no other fact may then use, as (book, chapter, start).
    """

    key: str
    group: str
    pool: str
    kind: str
    book: str
    chapter: int | None
    start: int | None
    end: int | None
    short: str
    aliases: tuple[str, ...]
    asks: tuple[tuple[str, str], ...]
    spends: tuple[tuple[str, int, int], ...] = ()


def from_sentence(
    pool: str, kind: str, sentence: Sentence, short: str, aliases: tuple[str, ...], asks: list[tuple[str, str]]
) -> Fact:
    """A fact whose evidence is one sentence."""
    chapter = sentence.chapter
    place = (chapter.book, chapter.chapter, sentence.start)
    key = f"{pool}:{chapter.book}:{sentence.text}"
    return Fact(key, key, pool, kind, *place[:2], sentence.start, sentence.end, short, aliases, fitting(asks), (place,))


def fitting(asks: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The wordings that are short enough."""
    return tuple(ask for ask in asks if len(ask[0]) <= MAX_QUESTION and len(ask[1]) <= MAX_ANSWER)


def known_as(written: str, name: str) -> str:
    """`玄德，也就是刘备`, or just the name where the book writes it so."""
    return written if written == name else f"{written}，也就是{name}"


def order_of(text: str) -> int:
    """A number that mixes texts up, the same in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
