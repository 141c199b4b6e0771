"""The persons of a book, found by how it uses their names. Texts go in; a `Lexicon` comes out."""

from __future__ import annotations

from collections.abc import Iterable

from ..text import is_english
from .belief import believe
from .characters import read_characters
from .english import english_people
from .evidence import AND, GRAMMAR, PREDICATES, Evidence, is_role
from .forms import Forms
from .lexicon import Lexicon

MENTIONS, SPEECHES, OPENINGS = 6, 2, 3
"""So often a name must occur, and so often where a speaker may be named, or else where a sentence begins."""
OFFICES = "官司"
"""What an office may end in."""
BELIEF = 0.5
"""So probable it must be that a string is a name."""


def find_names(texts: Iterable[str]) -> Lexicon:
    """The persons of one book, the most mentioned first, each with the forms that the book shows to be the same
    person's. The same texts always give the same names.

    Args:
        texts: the book's chapters.
    """
    chapters = list(texts)
    if is_english(chapters):
        return Lexicon(english_people(chapters))
    evidence = Evidence(read_characters("\n".join(chapters)), MENTIONS, SPEECHES, OPENINGS)
    belief, when = believe(evidence), evidence.says_when()
    times = {
        word: int(evidence.count[at])
        for at, word in enumerate(evidence.words)
        if belief[at] > BELIEF and not is_role(word) and not when[at]
    }
    kept = {word: n for word, n in times.items() if not (_overlong(word, times) or _is_office(word, times))}
    return Lexicon(Forms(chapters, kept).people())


def _is_office(word: str, times: dict[str, int]) -> bool:
    """Whether a string names an office (监斩官, 客帐司): nobody else's name begins as it does, and it is no title
    behind a surname (崔判官)."""
    if len(word) < 3 or word[-1] not in OFFICES or is_role(word[1:]):
        return False
    return not any(other[0] == word[0] and word not in other and other not in word for other in times)


def _overlong(word: str, times: dict[str, int]) -> bool:
    """Whether a string is a more frequent name with other words behind it (宋江等, 宋江和公人), two such names
    (八戒沙僧), or ends in what somebody did (操大喜)."""
    return word[-2:] in PREDICATES or any(
        times.get(word[:size], 0) > times[word]
        and (
            word[size] in AND
            or all(character in GRAMMAR for character in word[size:])
            or times.get(word[size:], 0) > times[word]
        )
        for size in range(2, len(word))
    )
