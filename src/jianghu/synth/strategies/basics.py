"""The strategy `basics`: what everybody asks first about the people, places and things that a book names most.

For each name some passages are chosen (`well_known.py`), and one after the other is read for facts about it, as in
`facts`: who it is, other names, family, weapon, famous scenes, the end. Stages: `basics 1`, `basics 2`, … and
`wordings`, half of them brief as people type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from ...corpus import Passage
from ...llm.store import Item, Reader, Reply, Request
from ..schemas import FACTS
from .base import objects_in
from .cards import CardStrategy, accepted_facts, read_facts
from .well_known import WellKnown, well_known

NOTHING = "（还没有）"


class BasicsStrategy(CardStrategy):
    """See `Strategy`."""

    name = "basics"
    uses = ("basics", "wordings")
    settings_used = frozenset(
        {"passage_chars", "basics_names", "basics_passages", "facts_per_passage", "wordings", "max_passages"}
    )
    full_first = 2

    def plan(self, store: Reader) -> Iterator[Request]:
        """The first passage of each name."""
        self.__dict__.pop("_asked", None)  # names may have been found since
        for rank, about in enumerate(self._asked.values()):
            yield self._ask(about, 1, [], rank)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        """Facts about the name, or records."""
        if request.passage is None:
            return []
        about, passage = request.body["about"], request.passage
        if request.stage == "wordings":
            return self.read_wordings(request, reply, passage)
        parsed = objects_in(reply, "statement")
        if parsed.problems == ("no items",):
            return [Item("nothing is missing", {}, "fact")]
        forms = self.shelf.known(passage.book).forms(about["name"])
        return read_facts(parsed, about["known"], self.shelf.ground(passage), forms)

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """The wordings of the facts that were found, and the name's next passage."""
        yield from self.correction(request, reply, items)
        if not request.stage.startswith("basics ") or request.passage is None:
            return
        found = accepted_facts(request, items)
        yield from self.ask_wordings(request, found)
        about = request.body["about"]
        asked = self._asked.get((request.passage.book, about["name"]))
        if asked is not None and about["pass"] < len(asked.passages):
            known = [*about["known"], *(fact["statement"] for fact in found)]
            yield self._ask(asked, about["pass"] + 1, known, request.rank, request)

    def forecast(self, first: int) -> dict[str, int]:
        """By what the settings ask for."""
        passages = self.settings.basics_passages
        stages = {f"basics {turn}": first for turn in range(1, passages + 1)}
        return {**stages, "wordings": first * passages * -(-self.settings.facts_per_passage // self.facts_at_once())}

    @cached_property
    def _asked(self) -> dict[tuple[str, str], WellKnown]:
        """All names that are asked about, those of the books in turn; at most `max_passages` of them."""
        size, names, passages = (
            self.settings.passage_chars,
            self.settings.basics_names,
            self.settings.basics_passages,
        )
        of_books = [well_known(self.shelf, book, size, names, passages) for book in self.shelf.books]
        longest = max(map(len, of_books), default=0)
        found = [own[n] for n in range(longest) for own in of_books if n < len(own)]
        return {(one.book, one.name): one for one in found[: self.settings.max_passages or None]}

    def _ask(
        self, asked: WellKnown, turn: int, known: Sequence[str], rank: int, parent: Request | None = None
    ) -> Request:
        passage: Passage = asked.passages[turn - 1]
        return self.ask(
            "basics",
            f"basics {turn}",
            FACTS,
            passage=passage,
            about={"name": asked.name, "pass": turn, "known": list(known)},
            slot=asked.name,
            rank=rank,
            parent=parent,
            name=asked.called,
            count=self.settings.facts_per_passage,
            known="\n".join(f"{number}. {one}" for number, one in enumerate(known, 1)) or NOTHING,
        )
