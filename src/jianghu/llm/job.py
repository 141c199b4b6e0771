"""What a strategy is: it plans requests, reads replies, and says what a reply makes possible to ask next.

All three are pure: the same books, settings and store give the same requests and items, in whatever order replies
arrive, so that a run that was killed fifty times ends with the same store as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from .prompts import Prompt
from .store import Item, Reader, Reply, Request


class Strategy(Protocol):
    """A way to get records out of a teacher.

    Strategies run one after the other; each sees in the store all that the ones before it brought.

    Attributes:
        name: as in [synth] strategies; its requests carry it.
        prompts: the prompt files that it uses.
    """

    name: str
    prompts: Sequence[Prompt]

    def fingerprint(self) -> str:
        """A hash of all that plan, read and follow depend on besides the books: settings and prompts.

        While it stays, nothing is planned or read again.
        """
        ...

    def plan(self, store: Reader) -> Iterator[Request]:
        """The first requests, in any order; `rank` says in which they are asked."""
        ...

    def read(self, request: Request, reply: Reply) -> list[Item]:
        """Parse and ground a reply. Never raises for anything that a teacher may say. Costs nothing to repeat."""
        ...

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """The requests that this reply makes possible, with `parent=request.key`.

        They may depend on this request, its items and its ancestors, not on what happens to have arrived otherwise.
        A `rank` like the parent's has them asked before new passages are begun.
        """
        ...

    def forecast(self, first: int) -> dict[str, int]:
        """Stage → about how many requests there will be in all, where `first` of them are planned at first."""
        ...
