"""The strategy `facts`: passage → facts with quotes, in several passes → each fact in planned wordings.

Stages: `facts 1`, `facts 2`, … (all but the first ask what is still missing), `wordings` (a few facts of a passage at
a time), and for a share of the passages `contrast` (what the book does not hold, or does not tell).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...corpus import Passage
from ...llm.json_replies import Parsed
from ...llm.store import Item, Reader, Reply, Request
from ..books import Shelf
from ..checks import Ground, check_contrast, check_fact, check_record, letters, seen_before, with_problems
from ..schemas import CONTRASTS, FACTS, WORDINGS
from .base import BaseStrategy, objects_in
from .wordings import plan_text, plan_wordings

WORDINGS_AT_ONCE = 12
"""Most wordings that one request asks for, of one fact or of several: more would run into max_tokens."""
CONTRASTS_ASKED = 4
OTHERS_SHOWN = 8  # titles of other novels that a contrast may take people from


class FactsStrategy(BaseStrategy):
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
            return _read_wordings(objects_in(reply), about["facts"], self.shelf, passage)
        if request.stage == "contrast":
            return _read_contrasts(objects_in(reply), self.shelf.ground(passage))
        parsed = objects_in(reply, "statement")
        if about["pass"] > 1 and parsed.problems == ("no items",):
            return [Item("nothing is missing", {}, "fact")]
        return _read_facts(parsed, about["known"], self.shelf.ground(passage))

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        """The wordings of the facts that were found, and the next pass as long as passes bring new facts."""
        yield from self.correction(request, reply, items)
        if not request.stage.startswith("facts ") or request.passage is None:
            return
        about, passage = request.body["about"], request.passage
        found = [
            {**item.content, "id": f"{request.key[:16]}-{number + 1}"}
            for number, item in enumerate(items)
            if item.verdict == "accepted"
        ]
        at_once = self._facts_at_once()
        for start in range(0, len(found), at_once):
            yield self._ask_wordings(request, found[start : start + at_once], f"{start // at_once + 1:02d}")
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
            "wordings": passages * round(sum(-(-facts // self._facts_at_once()) for facts in found)),
            "contrast": contrasts,
        }

    def _facts_at_once(self) -> int:
        """Facts whose wordings are asked for in one request."""
        return max(1, WORDINGS_AT_ONCE // self.settings.wordings)

    def _ask_wordings(self, request: Request, facts: Sequence[dict[str, Any]], slot: str) -> Request:
        plans = [plan_wordings(fact["id"], self.settings.wordings, bool(fact["reverse"])) for fact in facts]
        about = [
            {
                **{name: fact[name] for name in ("id", "kind", "start", "end")},
                "wordings": [[wording.form, wording.style, wording.length] for wording in plan],
            }
            for fact, plan in zip(facts, plans, strict=True)
        ]
        return self.ask(
            "wordings",
            "wordings",
            WORDINGS,
            passage=request.passage,
            about={"facts": about},
            slot=f"{request.stage[-1]}-{slot}",
            rank=request.rank,
            parent=request,
            plan=plan_text(facts, plans),
        )

    def _others(self, passage: Passage) -> list[str]:
        """Titles of other novels, another choice for each passage."""
        titles = sorted(self.shelf.known(passage.book).others)
        turn = _hash(passage) % len(titles) if titles else 0
        return (titles[turn:] + titles[:turn])[:OTHERS_SHOWN]


def _read_facts(parsed: Parsed, known: Sequence[str], ground: Ground) -> list[Item]:
    items: list[Item] = []
    earlier = list(known)
    for given in parsed.items:
        reason, fields = check_fact(given, ground)
        if reason is None and seen_before(fields["statement"], earlier):
            reason = "duplicate fact"
        if reason is None:
            earlier.append(fields["statement"])
        items.append(Item(reason or "accepted", fields if reason is None else given, "fact"))
    return with_problems(items, parsed, "fact")


def _read_wordings(parsed: Parsed, facts: Sequence[dict[str, Any]], shelf: Shelf, passage: Passage) -> list[Item]:
    """Each planned wording once, in the order of the plan; what the teacher left out is told."""
    given: dict[tuple[Any, Any], dict[str, Any]] = {}
    strays: list[Item] = []
    for item in parsed.items:
        place = (item.get("fact"), item.get("wording"))
        if not _planned(place, facts):
            strays.append(Item("wrong fields", item))
        elif place in given:
            strays.append(Item("duplicate wording", item))
        else:
            given[place] = item
    items: list[Item] = []
    asked: set[str] = set()
    for number, fact in enumerate(facts, 1):
        for wording, (form, style, length) in enumerate(fact["wordings"], 1):
            if (number, wording) not in given:
                items.append(Item("wording missing", {"fact_id": fact["id"], "wording": wording}))
                continue
            item = given[number, wording]
            kind = "reason" if form == "经过" and fact["kind"] != "plot" else fact["kind"]
            ground = shelf.ground(passage, (fact["start"], fact["end"]))
            reason, fields = check_record({**item, "kind": kind}, ground)
            same = letters(fields.get("question", ""))
            if reason is None and same in asked:
                reason = "duplicate question"
            if reason is None:
                asked.add(same)
                fields |= {"fact_id": fact["id"], "wording": wording, "form": form, "style": style, "length": length}
            items.append(Item(reason or "accepted", fields if reason is None else item))
    return with_problems([*items, *strays], parsed)


def _planned(place: tuple[Any, Any], facts: Sequence[dict[str, Any]]) -> bool:
    fact, wording = place
    if type(fact) is not int or type(wording) is not int or not 1 <= fact <= len(facts):
        return False
    return 1 <= wording <= len(facts[fact - 1]["wordings"])


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
