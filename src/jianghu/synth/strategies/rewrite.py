"""The strategy `rewrite`: texts to be mixed into pretraining, in which what the books tell stands in other words.

Stages: `summary` (a stretch of a chapter in brief), `dossier` (a person, from sentences spread over the book),
`paraphrase` (a passage told again). They leave as data/rewrites.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...corpus import Passage
from ...llm.store import Item, Reader, Reply, Request
from ..checks import check_text, with_problems
from ..schemas import TEXTS
from .base import BaseStrategy, objects_in
from .people import Person, people_of

LENGTHS = {"summary": (60, 1200), "dossier": (60, 900), "paraphrase": (40, 2400)}  # characters, least and most


class RewriteStrategy(BaseStrategy):
    """See `Strategy`."""

    name = "rewrite"
    uses = ("summary", "dossier", "paraphrase")
    settings_used = frozenset({"rewrites", "rewrite_chars", "passage_chars", "paraphrases", "max_passages"})

    def plan(self, store: Reader) -> Iterator[Request]:
        """Everything at once: no text depends on another one."""
        if "summary" in self.settings.rewrites:
            for rank, passage in enumerate(self._free(self.settings.rewrite_chars)):
                yield self.ask("summary", "summary", TEXTS, passage=passage, rank=rank)
        if "dossier" in self.settings.rewrites:
            for rank, person in enumerate(self._people()):
                yield self._dossier(person, rank)
        if "paraphrase" in self.settings.rewrites:
            for rank, passage in enumerate(self._free(self.settings.passage_chars)):
                count = self.settings.paraphrases
                yield self.ask("paraphrase", "paraphrase", TEXTS, passage=passage, rank=rank, count=count)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        """Texts, each with its kind and what it is about."""
        about = request.body["about"]
        book = about["book"] if request.passage is None else request.passage.book
        source = about["source"] if request.passage is None else request.passage.text
        parsed = objects_in(reply, "text")
        items: list[Item] = []
        told: set[str] = set()
        for given in parsed.items:
            reason, fields = check_text(given, source, self.shelf.known(book), LENGTHS[request.stage])
            if reason is None and fields["text"] in told:
                reason = "duplicate text"
            if reason is None:
                told.add(fields["text"])
                fields |= {"kind": request.stage, "book": book, "about": about.get("name", "")}
            items.append(Item(reason or "accepted", fields if reason is None else given, "text"))
        return with_problems(items, parsed, "text")

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """At most a correction."""
        return self.correction(request, reply, items)

    def forecast(self, first: int) -> dict[str, int]:
        """As many as are planned."""
        return {"texts": first}

    def _free(self, size: int) -> list[Passage]:
        """At most `max_passages` passages without any text on which training is validated."""
        free = [p for p in self.shelf.passages(size) if self.shelf.free(p.book, p.chapter, p.start, p.end)]
        return free[: self.settings.max_passages or None]

    def _people(self) -> list[Person]:
        size = self.settings.rewrite_chars
        found = [person for book in self.shelf.books for person in people_of(self.shelf, book, size)]
        return found[: self.settings.max_passages or None]

    def _dossier(self, person: Person, rank: int) -> Request:
        about = {"book": person.book, "name": person.name, "source": person.sentences}
        return self.ask(
            "dossier",
            "dossier",
            TEXTS,
            about=about,
            rank=rank,
            book=person.book,
            name=person.called,
            sentences=person.sentences,
        )
