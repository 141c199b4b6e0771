"""The strategy `rolling`: what the original report did. Twelve few-shot prompts take turns while a book is gone through
from its beginning, and each request shows the teacher its last output.

Each chain, one of the report's terminals, asks one request after the other. There is no quote to check: names and
numbers are held against the whole passage. It is here to be compared with `facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from ...corpus import Passage
from ...llm.store import Item, Reader, Reply, Request
from ..checks import gate
from ..schemas import PAIRS
from .base import BaseStrategy, objects_in

PROMPTS = 12
LAST = 1500  # characters of the last output that are fed back
NOTHING = "（还没有）"


class RollingStrategy(BaseStrategy):
    """See `Strategy`."""

    name = "rolling"
    uses = tuple(f"rolling-{number:02d}" for number in range(1, PROMPTS + 1))
    settings_used = frozenset({"passage_chars", "records_per_passage", "max_passages", "rolling_chains"})

    def plan(self, store: Reader) -> Iterator[Request]:
        """The first request of each chain; each chain goes through an equal part of the shelf in reading order."""
        for chain, passages in enumerate(self._chains):
            yield self._ask(chain, 0, passages, NOTHING, None)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        """Records; the whole passage is their evidence."""
        if request.passage is None:
            return []
        ground = self.shelf.ground(request.passage, (0, len(request.passage.text)))
        return gate(objects_in(reply), ground)

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """The chain's next request, whatever the reply was worth: the original looked at nothing."""
        chain, step = request.body["about"]["chain"], request.body["about"]["step"] + 1
        passages = self._chains[chain] if chain < len(self._chains) else []
        if step < len(passages):
            yield self._ask(chain, step, passages, reply.content[-LAST:], request)

    def forecast(self, first: int) -> dict[str, int]:
        """One request a passage."""
        return {"records": sum(map(len, self._chains))}

    @cached_property
    def _chains(self) -> list[list[Passage]]:
        passages = self.shelf.in_order(self.settings.passage_chars)
        count = min(self.settings.rolling_chains, len(passages))
        most = -(-self.settings.max_passages // count) or len(passages)
        parts = [passages[len(passages) * n // count : len(passages) * (n + 1) // count] for n in range(count)]
        return [part[:most] for part in parts]

    def _ask(self, chain: int, step: int, passages: Sequence[Passage], last: str, parent: Request | None) -> Request:
        return self.ask(
            self.uses[step % PROMPTS],
            "records",
            PAIRS,
            passage=passages[step],
            about={"chain": chain, "step": step},
            slot=f"{chain + 1:03d}",
            rank=step,
            parent=parent,
            last=last,
            count=self.settings.records_per_passage,
        )
