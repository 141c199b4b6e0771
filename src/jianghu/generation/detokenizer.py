"""Text of one row as it comes: whole characters only, up to the first stop string. Ids go in, pieces come out."""

from __future__ import annotations

from collections.abc import Sequence

from ..tokenizer import StreamDecoder


class Detokenizer:
    """Turns ids into text that may be shown, holding back what may be the beginning of a stop string.

    Attributes:
        decoded: characters of all ids pushed so far.
        shown: characters given out so far.
        stopped: a stop string has come; it and what follows it are left out.
    """

    def __init__(self, decoder: StreamDecoder, stops: Sequence[str] = ()) -> None:
        self._decoder, self._stops, self._held = decoder, [stop for stop in stops if stop], ""
        self.decoded = self.shown = 0
        self.stopped = False

    def push(self, id: int) -> str:
        """The text that this id lets out; may be empty."""
        piece = self._decoder.push(id)
        self.decoded += len(piece)
        self._held += piece
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            return self._release(min(found))
        return self._release(len(self._held) - self._possible())

    def close(self) -> str:
        """What was held back, when no more will come."""
        return "" if self.stopped else self._release(len(self._held))

    def _possible(self) -> int:
        """Length of the longest end of the held text that begins a stop string."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0

    def _release(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        self.shown += len(text)
        return text
