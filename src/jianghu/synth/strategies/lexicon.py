"""The strategy `lexicon`: the names of every book that brings no lexicon file. It runs before the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...llm.store import Item, Reader, Reply, Request
from ..checks import check_name, with_problems
from ..schemas import NAMES
from .base import BaseStrategy, objects_in

PASSAGE = 1500  # characters; a person's several names are more likely to meet in a longer stretch


class LexiconStrategy(BaseStrategy):
    """See `Strategy`. `Shelf.learn` makes a lexicon of what it finds."""

    name = "lexicon"
    uses = ("lexicon",)
    settings_used = frozenset({"max_passages"})

    def plan(self, store: Reader) -> Iterator[Request]:
        """One request a passage of the books without a file, at most `max_passages` in all."""
        for rank, passage in enumerate(self.shelf.passages(PASSAGE, self.settings.max_passages)):
            if passage.book not in self.shelf.lexicons:
                yield self.ask("lexicon", "names", NAMES, passage=passage, rank=rank)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        """Names, each form of which stands in the passage."""
        if request.passage is None:
            return []
        parsed = objects_in(reply, "name")
        items: list[Item] = []
        seen: set[str] = set()
        for given in parsed.items:
            reason, fields = check_name(given, request.passage.text)
            if reason is None and fields["name"] in seen:
                reason = "duplicate name"
            if reason is None:
                seen.add(fields["name"])
            items.append(Item(reason or "accepted", fields if reason is None else given, "name"))
        return with_problems(items, parsed, "name")

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """At most a correction."""
        return self.correction(request, reply, items)

    def forecast(self, first: int) -> dict[str, int]:
        """As many as are planned."""
        return {"names": first}
