"""Facts on cards, and the planned wordings in which each is asked for: what `facts` and `basics` share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...corpus import Passage
from ...llm.json_replies import Parsed
from ...llm.store import Item, Reply, Request
from ..books import Shelf
from ..checks import Ground, check_fact, check_record, letters, seen_before, with_problems
from ..schemas import WORDINGS
from .base import BaseStrategy, objects_in
from .wordings import FULL_FIRST, plan_text, plan_wordings

WORDINGS_AT_ONCE = 12
"""Most wordings that one request asks for, of one fact or of several: more would run into max_tokens."""


class CardStrategy(BaseStrategy):
    """A strategy whose facts are asked for in wordings.

    Class attributes:
        full_first: wordings of the other forms that come before the first brief ones.
    """

    full_first = FULL_FIRST

    def read_wordings(self, request: Request, reply: Reply, passage: Passage) -> list[Item]:
        """Records: each planned wording once."""
        return _read_wordings(objects_in(reply), request.body["about"]["facts"], self.shelf, passage)

    def ask_wordings(self, request: Request, found: Sequence[dict[str, Any]]) -> Iterator[Request]:
        """The wordings of the facts of a reply, a few facts at a time."""
        at_once = self.facts_at_once()
        for start in range(0, len(found), at_once):
            yield self._ask_wordings(request, found[start : start + at_once], f"{start // at_once + 1:02d}")

    def facts_at_once(self) -> int:
        """Facts whose wordings are asked for in one request."""
        return max(1, WORDINGS_AT_ONCE // self.settings.wordings)

    def _ask_wordings(self, request: Request, facts: Sequence[dict[str, Any]], slot: str) -> Request:
        count = self.settings.wordings
        plans = [plan_wordings(fact["id"], count, bool(fact["reverse"]), self.full_first) for fact in facts]
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


def accepted_facts(request: Request, items: Sequence[Item]) -> list[dict[str, Any]]:
    """The facts of a reply that were accepted, each with its id."""
    return [
        {**item.content, "id": f"{request.key[:16]}-{number + 1}"}
        for number, item in enumerate(items)
        if item.verdict == "accepted"
    ]


def read_facts(parsed: Parsed, known: Sequence[str], ground: Ground, about: Sequence[str] = ()) -> list[Item]:
    """The facts of a reply, checked.

    Args:
        known: statements that were made before.
        about: forms of a name of which each statement must hold one; none: whatever it is about.
    """
    items: list[Item] = []
    earlier = list(known)
    for given in parsed.items:
        reason, fields = check_fact(given, ground)
        if reason is None and about and not any(form in fields["statement"] for form in about):
            reason = "about somebody else"
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
