"""The strategy `facts`: passage → facts with quotes, in several passes → each fact in planned wordings.

Stages: `facts 1`, `facts 2`, … (all but the first ask what is still missing), `wordings` (a few facts of a passage at
a time), and for a share of the passages `contrast` (what the book does not hold, or does not tell).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from ...corpus import Passage
from ...llm.json_replies import Parsed
from ...llm.store import Item, Reader, Reply, Request
from ..checks import Ground, check_contrast, with_problems
from ..schemas import CONTRASTS, FACTS
from .base import objects_in
from .cards import CardStrategy, accepted_facts, read_facts

CONTRASTS_ASKED = 4
OTHERS_SHOWN = 8  # titles of other novels that a contrast may take people from


class FactsStrategy(CardStrategy):
    """See `Strategy`."""

    name = "facts"
    uses = ("facts", "facts-more", "wordings", "contrast")
    settings_used = frozenset(
        {"passage_chars", "max_passages", "facts_per_passage", "fact_passes", "wordings", "contrast_share"}
    )

    def plan(self, store: Reader) -> Iterator[Request]:
        """The first pass over every passage, and the contrasts of some."""
        passages = self.shelf.passages(self.settings.passage_chars, self.settings.max_passages)
        for rank, passage in enumerate(passages):
            count = self.settings.facts_per_passage
            about = {"pass": 1, "known": []}
            yield self.ask("facts", "facts 1", FACTS, passage=passage, about=about, rank=rank, count=count)
            if _chosen(passage, self.settings.contrast_share):
                others = "、".join(f"《{title}》" for title in self._others(passage))
                yield self.ask(
                    *("contrast", "contrast", CONTRASTS),
                    passage=passage,
                    rank=rank,
                    count=CONTRASTS_ASKED,
                    others=others,
                )

    def read(self, request: Request, reply: Reply) -> list[Item]:
        """Facts, or records."""
        if request.passage is None:
            return []
        about, passage = request.body["about"], request.passage
        if request.stage == "wordings":
            return self.read_wordings(request, reply, passage)
        if request.stage == "contrast":
            return _read_contrasts(objects_in(reply), self.shelf.ground(passage))
        parsed = objects_in(reply, "statement")
        if about["pass"] > 1 and parsed.problems == ("no items",):
            return [Item("nothing is missing", {}, "fact")]
        return read_facts(parsed, about["known"], self.shelf.ground(passage))

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """The wordings of the facts that were found, and the next pass as long as passes bring new facts."""
        yield from self.correction(request, reply, items)
        if not request.stage.startswith("facts ") or request.passage is None:
            return
        about, passage = request.body["about"], request.passage
        found = accepted_facts(request, items)
        yield from self.ask_wordings(request, found)
        if found and about["pass"] < self.settings.fact_passes:
            known = [*about["known"], *(fact["statement"] for fact in found)]
            turn = about["pass"] + 1
            yield self.ask(
                "facts-more",
                f"facts {turn}",
                FACTS,
                passage=passage,
                about={"pass": turn, "known": known},
                rank=request.rank,
                parent=request,
                count=self.settings.facts_per_passage,
                known="\n".join(f"{number}. {statement}" for number, statement in enumerate(known, 1)),
            )

    def forecast(self, first: int) -> dict[str, int]:
        """By what the settings ask for; passes after the first are taken to bring half as much."""
        contrasts = round(first * self.settings.contrast_share / (1 + self.settings.contrast_share))
        passages = first - contrasts
        found = [self.settings.facts_per_passage / 2**turn for turn in range(self.settings.fact_passes)]
        stages = {f"facts {turn}": passages for turn in range(1, self.settings.fact_passes + 1)}
        return {
            **stages,
            "wordings": passages * round(sum(-(-facts // self.facts_at_once()) for facts in found)),
            "contrast": contrasts,
        }

    def _others(self, passage: Passage) -> list[str]:
        """Titles of other novels, another choice for each passage."""
        titles = sorted(self.shelf.known(passage.book).others)
        turn = _hash(passage) % len(titles) if titles else 0
        return (titles[turn:] + titles[:turn])[:OTHERS_SHOWN]


def _read_contrasts(parsed: Parsed, ground: Ground) -> list[Item]:
    items = []
    for given in parsed.items:
        reason, fields = check_contrast(given, ground)
        items.append(Item(reason or "accepted", fields if reason is None else given))
    return with_problems(items, parsed)


def _hash(passage: Passage) -> int:
    return int.from_bytes(hashlib.sha256(f"{passage.book}\n{passage.text}".encode()).digest()[:8], "big")


def _chosen(passage: Passage, share: float) -> bool:
    """Whether a passage is of a share of all, whatever the others are."""
    return _hash(passage) / 2**64 < share
