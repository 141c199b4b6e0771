"""A Chinese text as arrays: which characters stand where, where clauses begin and end, and who may be speaking.

A string goes in; numpy arrays of one entry a character come out. Everything that is not a Chinese character is a
boundary; a name never crosses one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LONGEST = 7
"""Characters of the longest name: transliterated ones are long."""
OPENING, CLOSING = '“「『‘"', '”」』’"'
_COLONS, _COMMAS, _ENDINGS = "：:", "，,", "。．！？…，!?,."
_STOPS, _SPACE, _WIDE_SPACE = "。．！？…!?", 0x20, 0x3000
_SPEECH = "道曰说說云问問答叫喊骂罵笑喝言"
_AFTER_QUOTE = 12
"""Characters of the longest clause after a closing quote that may say who spoke: “走。”张三冷笑了一声说。"""


@dataclass(frozen=True)
class Characters:
    """A text as arrays.

    Attributes:
        raw: code points, with four zeros at the end.
        ids: 0 for a boundary, else the character's number in `alphabet` plus 1; eight zeros at the end.
        alphabet: the Chinese characters of the text, sorted.
    """

    raw: NDArray[np.uint32]
    ids: Ints
    alphabet: str

    def __len__(self) -> int:
        return len(self.raw) - 4

    @cached_property
    def number(self) -> dict[str, int]:
        """Character → its id."""
        return {character: at for at, character in enumerate(self.alphabet, 1)}

    @cached_property
    def left(self) -> Ints:
        """The id before each character."""
        return np.concatenate(([0], self.ids[: len(self) - 1]))

    @cached_property
    def starts(self) -> Flags:
        """Whether a clause begins here."""
        return (self.ids[: len(self)] != 0) & (self.left == 0)

    @cached_property
    def clause_end(self) -> Ints:
        """The first boundary at or after each character."""
        here = np.arange(len(self))
        ends = np.where(self.ids[: len(self)] == 0, here, len(self))
        return np.minimum.accumulate(ends[::-1])[::-1]

    @cached_property
    def speaking(self) -> Flags:
        """Whether a clause begins here that may begin with a speaker: it leads a quotation in, or follows one."""
        raw, size = self.raw, len(self)
        end = self.clause_end
        verb = _among(raw[np.maximum(end - 1, 0)], _SPEECH)
        opens = _among(raw[end + 1], OPENING)
        leads = _among(raw[end], _COLONS) & (verb | opens) | _among(raw[end], OPENING)
        leads |= _among(raw[end], _COMMAS) & opens
        before = np.concatenate(([0, 0], raw[:size]))
        follows = _among(before[1 : size + 1], CLOSING) & _among(before[:size], _ENDINGS) & verb
        return self.starts & (leads | follows & (end - np.arange(size) <= _AFTER_QUOTE))

    @cached_property
    def opening(self) -> Flags:
        """Whether a sentence begins here, or a paragraph, or what follows a quotation."""
        before = np.concatenate(([0], self.raw[: len(self) - 1]))
        return self.starts & (_among(before, _STOPS + CLOSING) | (before <= _SPACE) | (before == _WIDE_SPACE))

    @cached_property
    def quoted(self) -> Flags:
        """Whether a quotation begins right here."""
        return self.starts & _among(np.concatenate(([0], self.raw[: len(self) - 1])), OPENING)

    def flags(self, characters: str) -> Flags:
        """For each id whether it is one of these characters."""
        flags = np.zeros(len(self.alphabet) + 1, bool)
        flags[[self.number[character] for character in characters if character in self.number]] = True
        return flags

    def string(self, start: int, length: int) -> str:
        """The characters at a place."""
        return "".join(map(chr, self.raw[start : start + length]))


def read_characters(text: str) -> Characters:
    """The arrays of a text."""
    raw = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    chinese = (raw >= 0x3400) & (raw <= 0x9FFF) | (raw >= 0x20000) & (raw < 0x40000)
    alphabet, numbers = np.unique(raw[chinese], return_inverse=True)
    ids = np.zeros(len(raw) + LONGEST + 1, np.int64)
    ids[: len(raw)][chinese] = numbers + 1
    return Characters(np.concatenate((raw, np.zeros(4, np.uint32))), ids, "".join(map(chr, alphabet)))


def _among(codes: NDArray[np.uint32], characters: str) -> Flags:
    return np.isin(codes, np.array([ord(character) for character in characters], np.uint32))


@dataclass(frozen=True)
class Strings:
    """Strings of a text with all their places.

    Attributes:
        words: the strings.
        places, lengths, word: one entry an occurrence: where it begins, how long it is, which of `words` it is.
    """

    words: list[str]
    places: Ints
    lengths: Ints
    word: Ints

    def kept(self, keep: Flags) -> Strings:
        """Those of the strings whose flag is set."""
        number = np.cumsum(keep) - 1
        inside = keep[self.word]
        words = [word for word, stays in zip(self.words, keep, strict=True) if stays]
        return Strings(words, self.places[inside], self.lengths[inside], number[self.word[inside]])


def frequent_strings(text: Characters, mentions: int, speeches: int, openings: int) -> Strings:
    """All strings of 2 to `LONGEST` characters that the text has at least `mentions` times, and with something behind
    them at least `speeches` times where a speaker may be named or `openings` times where a sentence begins. Time and
    memory grow with the text's length.
    """
    size = len(text)
    key, whole = np.zeros(size, np.uint64), np.ones(size, bool)
    words: list[str] = []
    parts: list[tuple[Ints, Ints, Ints]] = []
    for length in range(1, LONGEST + 1):
        ids = text.ids[length - 1 : length - 1 + size]
        # A polynomial of the ids modulo 2⁶⁴: two strings of one book meet with a chance of less than 10⁻⁶.
        key = key * np.uint64(0x9E3779B97F4A7C15) + ids.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
        whole = whole & (ids != 0)
        if length == 1:
            continue
        places = np.flatnonzero(whole)
        _, first, word, count = np.unique(key[places], return_index=True, return_inverse=True, return_counts=True)
        followed = text.ids[places + length] != 0
        speaks = np.bincount(word[text.speaking[places] & followed], minlength=len(count))
        opens = np.bincount(word[text.opening[places] & followed], minlength=len(count))
        keep = (count >= mentions) & ((speaks >= speeches) | (opens >= openings))
        inside = keep[word]
        number = np.cumsum(keep) - 1 + len(words)
        parts.append((places[inside], np.full(inside.sum(), length), number[word[inside]]))
        words += [text.string(place, length) for place in places[first[keep]]]
    places, lengths, word = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Strings(words, places, lengths, word)
