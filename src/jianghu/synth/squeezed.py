"""A text in which something is looked for without regard to white space."""

from __future__ import annotations


class Squeezed:
    """A text without white space, and the way back to its offsets."""

    def __init__(self, text: str) -> None:
        self.offsets = [offset for offset, character in enumerate(text) if not character.isspace()]
        self.text = "".join(text[offset] for offset in self.offsets)

    def find(self, wanted: str, near: int = 0) -> tuple[int, int] | None:
        """Start and end of `wanted` in the text, None if it is not there.

        Args:
            near: of several places the one nearest to this offset counts, in characters that are no white space.
        """
        wanted = "".join(wanted.split())
        best, start = None, self.text.find(wanted) if wanted else -1
        while start >= 0:
            if best is None or abs(start - near) < abs(best - near):
                best = start
            start = self.text.find(wanted, start + 1)
        if best is None:
            return None
        return self.offsets[best], self.offsets[best + len(wanted) - 1] + 1
