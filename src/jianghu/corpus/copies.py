"""The same text in two books: another edition, another name, an omnibus. Found by shared runs of 13 letters, whatever
the script, the marks and the line ends. Texts go in; shares or places come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, combinations

import numpy as np
from numpy.typing import NDArray

from ..text import fold

GRAM = 13
"""Letters that two texts hardly share by chance."""
TOLD = 0.2
"""Share of the shorter book from which on two books are told to hold the same text."""
_BASE = np.uint64(1_000_003)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SAMPLED = np.uint64(16)
_PIECE = 1_000_000
"""Characters hashed at once: of each some 50 bytes are held."""
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Copy:
    """Two books that share text, and the share of the shorter one (the first) that is in the other."""

    book: str
    other: str
    share: float


def gram_hashes(letters: str) -> NDArray[np.uint64]:
    """A 64-bit hash of each run of 13 characters, in order (polynomial, as in Rabin and Karp)."""
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    count = len(codes) - GRAM + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(GRAM):
            hashes = hashes * _BASE + codes[offset : offset + count]
        return hashes * _MIX


def plain(text: str) -> str:
    """Letters and digits of a text, folded (width, case, script)."""
    return _NO_LETTER.sub("", fold(text))


def find_copies(texts: Mapping[str, str], least: float = TOLD) -> list[Copy]:
    """Pairs of books that share at least `least` of the shorter one, the most alike first."""
    return copies_among({name: sample(text) for name, text in texts.items()}, least)


def sample(text: str) -> NDArray[np.uint64]:
    """What of a text is compared: every sixteenth hash, which for a book of 100,000 characters is exact to about a
    percent."""
    samples, letters = [np.zeros(0, dtype=np.uint64)], ""
    for start in range(0, len(text), _PIECE):
        letters = letters[1 - GRAM :] + plain(text[start : start + _PIECE])
        hashes = gram_hashes(letters)
        samples.append(hashes[(hashes >> np.uint64(32)) % _SAMPLED == 0])
    return np.unique(np.concatenate(samples))


def copies_among(samples: Mapping[str, NDArray[np.uint64]], least: float = TOLD) -> list[Copy]:
    """As `find_copies`, from what `sample` gave of each book."""
    found = []
    for one, other in combinations(samples, 2):
        short, long = sorted((one, other), key=lambda name: len(samples[name]))
        common = len(np.intersect1d(samples[short], samples[long], assume_unique=True))
        share = common / len(samples[short]) if len(samples[short]) else 0.0
        if share >= least:
            found.append(Copy(short, long, share))
    return sorted(found, key=lambda copy: -copy.share)


def shared_lines(text: str, hashes: NDArray[np.uint64]) -> list[tuple[int, int]]:
    """Character ranges of whole lines of `text` that hold a run of 13 letters whose hash is among `hashes`."""
    lines = text.split("\n")
    bare = [plain(line) for line in lines]
    hits = np.flatnonzero(np.isin(gram_hashes("".join(bare)), hashes))
    if not len(hits):
        return []
    ends = np.cumsum([len(line) for line in bare])  # letters up to the end of each line
    places = [0, *accumulate(len(line) + 1 for line in lines)]
    first = np.searchsorted(ends, hits, side="right")
    last = np.searchsorted(ends, hits + GRAM - 1, side="right")
    ranges: list[tuple[int, int]] = []
    for low, high in sorted({*zip(first.tolist(), last.tolist(), strict=True)}):
        start, end = places[low], min(places[high + 1], len(text))
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
    return ranges
