"""What cleaning took away: each cut with the words around it, counted by rule. Characters are counted without white
space, so that the sum over all rules is what a book lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_AROUND = 24
"""Characters shown on either side of a cut."""
_PIECE = 1_000_000
"""Characters of a text that are split into words at once."""
_KEPT = 10_000
"""Cuts of one rule that are kept to be shown; all are counted."""
_LONG = 2_000
"""Characters of one cut that are kept to be shown."""


@dataclass(frozen=True)
class Cut:
    """One place: what went (from its middle on only the length, if it is long), and the words left and right of it."""

    text: str
    left: str = ""
    right: str = ""


@dataclass(frozen=True)
class Removal:
    """What one rule of cleaning took away.

    Attributes:
        rule: its name, such as "advert".
        count: how often it applied.
        characters: how many characters went, white space aside.
        examples: up to three, short.
        cuts: the places, up to the first ten thousand; none for rules about single characters.
    """

    rule: str
    count: int
    characters: int
    examples: tuple[str, ...]
    cuts: tuple[Cut, ...] = ()


@dataclass
class _Rule:
    count: int = 0
    characters: int = 0
    examples: dict[str, None] = field(default_factory=dict)
    cuts: list[Cut] = field(default_factory=list)


class Ledger:
    """Counts removals by rule while a book is cleaned."""

    def __init__(self) -> None:
        self._rules: dict[str, _Rule] = {}

    def cut(self, rule: str, line: str, start: int = 0, end: int | None = None) -> None:
        """Record that characters [start, end) of a line go."""
        end = len(line) if end is None else end
        gone = line[start:end]
        self._add(rule, 1, visible(gone), gone)
        cuts = self._rules[rule].cuts
        if len(cuts) < _KEPT:
            cuts.append(Cut(_short(gone, _LONG), line[max(0, start - _AROUND) : start], line[end : end + _AROUND]))

    def count(self, rule: str, count: int, characters: int, example: str = "") -> None:
        """Record many small changes at once.

        Args:
            rule: its name.
            count: how many there were.
            characters: how many characters fewer there are, white space aside.
            example: what to show of them.
        """
        if count:
            self._add(rule, count, characters, example)

    def _add(self, rule: str, count: int, characters: int, example: str) -> None:
        entry = self._rules.setdefault(rule, _Rule())
        entry.count += count
        entry.characters += characters
        if example and len(entry.examples) < 3:
            entry.examples.setdefault(_short(example, 60))

    def removals(self) -> list[Removal]:
        """One `Removal` a rule, in the order in which the rules first applied."""
        return [
            Removal(rule, entry.count, entry.characters, tuple(entry.examples), tuple(entry.cuts))
            for rule, entry in self._rules.items()
        ]


def visible(text: str) -> int:
    """How many characters of a text are no white space."""
    return sum(len(part) for at in range(0, len(text), _PIECE) for part in text[at : at + _PIECE].split())


def _short(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"
