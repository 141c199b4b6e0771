"""The strategy `passage`: records straight from each passage, one request a passage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...llm.store import Item, Reader, Reply, Request
from ..checks import gate
from ..schemas import RECORDS
from .base import BaseStrategy, objects_in


class PassageStrategy(BaseStrategy):
    """See `Strategy`."""

    name = "passage"
    uses = ("passage",)
    settings_used = frozenset({"passage_chars", "records_per_passage", "max_passages"})

    def plan(self, store: Reader) -> Iterator[Request]:
        """One request a passage, at most `max_passages`."""
        passages = self.shelf.passages(self.settings.passage_chars, self.settings.max_passages)
        for rank, passage in enumerate(passages):
            count = self.settings.records_per_passage
            yield self.ask("passage", "records", RECORDS, passage=passage, rank=rank, count=count)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        """Records with their evidence."""
        if request.passage is None:
            return []
        return gate(objects_in(reply), self.shelf.ground(request.passage))

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """At most a correction."""
        return self.correction(request, reply, items)

    def forecast(self, first: int) -> dict[str, int]:
        """As many as are planned."""
        return {"records": first}
