"""The strategy `passage`: each passage to the teacher, its reply to the store, the records out of the store.

Chapters, an open store and settings go in; records come out, in the same order however the replies arrived.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..corpus import Chapter
from ..errors import InterruptedByUser, RunError
from ..recipe import SynthSettings
from ..signals import stoppable
from .cloze.sentences import letters
from .ground import gate
from .parse import parse_reply
from .plan import plan_requests
from .prompt import passage_prompt
from .record import Record, split_of
from .sending import Sender
from .store import Reply, Request, Store, Verdict
from .teacher import Teacher


@dataclass
class Summary:
    """Where a run stands, or how it ended.

    Attributes:
        total: requests of the plan.
        done: of these, requests with an accepted reply, earlier runs included.
        asked: sendings of this run, further tries included.
        failed: requests that this run gave up, by outcome; the next run asks them again.
        records: accepted items in the store.
        rejected: items by the reason against them.
        tokens, cost: of all replies in the store.
    """

    total: int = 0
    done: int = 0
    asked: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    records: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    def count(self, verdicts: Sequence[Verdict]) -> None:
        """Add the verdicts about one reply."""
        for verdict in verdicts:
            if verdict.verdict == "accepted":
                self.records += 1
            else:
                self.rejected[verdict.verdict] = self.rejected.get(verdict.verdict, 0) + 1


def run_passages(
    chapters: Sequence[Chapter],
    store: Store,
    settings: SynthSettings,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """Ask the teacher about every passage that has no reply yet; read, check and store what it says.

    Args:
        on_progress: gets the fields of `Summary` as a dictionary, after every reply.
        stop: set it from another thread to end the run; Ctrl-C does the same.

    Raises:
        InputError: the endpoint's settings or its key are missing; nothing was sent.
        RunError: the teacher cannot be reached, refuses the key, fails half of the time for good, or answered
            nothing at all. What was received is kept.
        InterruptedByUser: the run was stopped. What was received is kept, and the same call goes on.
    """
    began = time.monotonic()
    # Fails on a missing key before anything is planned or sent.
    teacher = Teacher(settings.teacher)
    requests = plan_requests(chapters, settings, passage_prompt())
    store.plan(requests)
    store.relocate({(c.book, c.chapter): (place, c.text) for place, c in enumerate(chapters)})
    fractions = {"val_fraction": settings.val_fraction, "test_fraction": settings.test_fraction}
    store.set_meta("split", {"seed": settings.seed, **fractions})
    store.set_verdicts((request.key, _read(request, reply)) for request, reply in list(store.accepted(unread=True)))

    answered = store.answered()
    verdicts = store.verdicts()
    tokens, cost = store.spent()
    now = Summary(len(requests), sum(r.key in answered for r in requests), tokens=tokens, cost=cost)
    now.records = verdicts.pop("accepted", 0)
    now.rejected.update(verdicts)
    last: list[Reply] = []

    def show() -> None:
        now.seconds = time.monotonic() - began
        if on_progress:
            on_progress(asdict(now))

    def sent(reply: Reply) -> None:
        now.asked += 1
        now.tokens += (reply.tokens_in or 0) + (reply.tokens_out or 0)
        now.cost += reply.cost
        show()

    def received(request: Request, reply: Reply) -> None:
        found = _read(request, reply)
        store.set_verdicts([(request.key, found)])
        now.done += 1
        now.count(found)
        show()

    def finished(request: Request, reply: Reply) -> None:
        now.failed[reply.outcome] = now.failed.get(reply.outcome, 0) + 1
        last[:] = [reply]

    async def work(stopped: threading.Event) -> bool:
        async with teacher:
            sender = Sender(teacher, store, received, finished, sent, stopped)
            return await sender.run([request for request in requests if request.key not in answered])

    show()
    with stoppable(stop) as stopped:
        whole = asyncio.run(work(stopped))
    show()
    if not whole:
        raise InterruptedByUser(
            f"stopped: {now.done} of {now.total} passages are answered and kept. The same command goes on."
        )
    if now.failed and not now.done:
        raise RunError(
            f"the teacher answered none of {now.total} requests, the last with {last[0].outcome}: {last[0].detail}"
        )
    return now


def reparse(store: Store) -> Summary:
    """Read every stored reply again, without asking anybody, and replace all verdicts."""
    summary = Summary()

    def verdicts() -> Iterator[tuple[str, list[Verdict]]]:
        for request, reply in list(store.accepted()):
            found = _read(request, reply)
            summary.total += 1
            summary.done += 1
            summary.count(found)
            yield request.key, found

    store.set_verdicts(verdicts())
    summary.tokens, summary.cost = store.spent()
    return summary


def collect_records(store: Store) -> list[Record]:
    """The accepted records about the shelf's present texts, in the order of the shelf; of equal questions the first.

    Which split a record is in depends on its passage alone, so two records of one passage never part.
    """
    split = store.get_meta("split") or {"seed": 1337, "val_fraction": 0.1, "test_fraction": 0.1}
    records: list[Record] = []
    asked: set[str] = set()
    for kept in store.kept():
        fields = kept.content
        question = letters(fields["question"])
        if question in asked:
            continue
        asked.add(question)
        passage = hashlib.sha256(f"{kept.book}\n{kept.passage}".encode()).hexdigest()
        name = f"passage-{kept.key[:16]}-{kept.item + 1}"
        records.append(
            Record(
                id=f"{name}-1",
                fact=name,
                wording=1,
                kind=fields["kind"],
                question=fields["question"],
                answer=fields["answer"],
                short_answer=fields["short_answer"],
                aliases=tuple(fields["aliases"]),
                book=kept.book,
                chapter=kept.chapter,
                start=kept.start + fields["start"],
                end=kept.start + fields["end"],
                source="passage",
                split=split_of(passage, **split),
            )
        )
    return records


def _read(request: Request, reply: Reply) -> list[Verdict]:
    """A reply's verdicts; pure, so that reading again is free."""
    finished = reply.finish_reason == "stop"
    return gate(parse_reply(reply.content, finished), request.passage)
