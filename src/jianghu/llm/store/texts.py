"""Texts of messages and schemas, each kept once: a text goes in, its number in the store comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import files

MAX_KNOWN = 10_000  # texts whose number is remembered


class Texts:
    """The table `texts`.

    Args:
        rows: reads rows of the store.
        insert: inserts a row and returns its number.
    """

    def __init__(
        self, rows: Callable[[str, Sequence[Any]], list[Any]], insert: Callable[[str, Sequence[Any]], int]
    ) -> None:
        self._rows, self._insert = rows, insert
        self._known: dict[str, int] = {}  # by the hash of the text

    def number(self, text: str) -> int:
        """The number of a text, entered if it is new."""
        hash_ = files.sha256_bytes(text.encode())
        number = self._known.get(hash_)
        if number is None:
            rows = self._rows("SELECT id FROM texts WHERE hash = ?", (hash_,))
            number = rows[0][0] if rows else self._insert("INSERT INTO texts (hash, text) VALUES (?, ?)", (hash_, text))
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[hash_] = number
        return number

    def forget(self) -> None:
        """Remember no number: what was entered may have been taken back."""
        self._known.clear()
