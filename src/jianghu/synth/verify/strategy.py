"""The judge as a strategy: its requests go through the same store, pool and budget as the teacher's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ... import files
from ...llm.prompts import Prompt, Prompts
from ...llm.store import Body, Item, Reader, Reply, Request, ask
from ...recipe import TeacherSettings
from ...records import Record
from ..checks.names import KnownBook
from .claim import SCHEMA, Claim, claim_of, judgement_of
from .corrupt import one_each
from .measure import RIGHT

RECORD, CALIBRATION = "record", "calibration"
"""Its stages: records as they are, and records made wrong."""


class JudgeStrategy:
    """See `Strategy`. Verdicts are items of the kind `verdict`.

    Args:
        records: gives the records to judge, anew each time.
        texts: (book, chapter) → text.
        books: what is known of each book, for swapping names.
        calibrate: how many records are also shown in a corrupted form.
        sample: how many records are judged, spread evenly over all; 0: all. At least those of the calibration are.
    """

    name = "judge"

    def __init__(
        self,
        records: Callable[[], Iterable[Record]],
        texts: Mapping[tuple[str, int], str],
        books: dict[str, KnownBook],
        teacher: TeacherSettings,
        calibrate: int,
        sample: int,
        prompt: Prompt | None = None,
    ) -> None:
        self.records, self.texts, self.books, self.teacher = records, texts, books, teacher
        self.calibrate, self.sample = calibrate, sample
        self.prompt = prompt or Prompts().get("judge")
        self.prompts: Sequence[Prompt] = [self.prompt]

    def fingerprint(self) -> str:
        seen = hashlib.sha256()
        for claim in self._claims():
            seen.update(f"{claim.id}\n{claim.question}\n{claim.answer}\n".encode())
        own = [seen.hexdigest(), self.calibrate, self.sample, self.teacher.model, self.prompt.hash]
        return files.sha256_json(own)

    def plan(self, store: Reader) -> Iterator[Request]:
        """What the calibration needs comes first, so that a judge that fails costs little."""
        total = sum(1 for _ in self._claims())
        first = list(_spread(total, self.calibrate))
        chosen = [claim for claim, is_first in zip(self._claims(), first, strict=True) if is_first]
        for number, (way, claim) in enumerate(one_each(chosen, self.books)):
            yield self._ask(CALIBRATION, f"{way}/{claim.id}", claim, number)
        wanted = _spread(total, self.sample or total)
        for number, (claim, is_first, is_wanted) in enumerate(zip(self._claims(), first, wanted, strict=True)):
            if is_first or is_wanted:
                yield self._ask(RECORD, claim.id, claim, number if is_first else total + number)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        judgement, problem = judgement_of(reply.content, reply.finish_reason == "stop")
        if judgement is None:
            return [Item(problem, {}, "verdict")]
        way, _, id_ = request.slot.partition("/") if request.stage == CALIBRATION else (RIGHT, "", request.slot)
        content = {"record": id_, "way": way, "verdict": judgement.verdict, "because": judgement.because}
        return [Item("accepted", content, "verdict")]

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        return ()

    def forecast(self, first: int) -> dict[str, int]:
        return {RECORD: first}

    def _claims(self) -> Iterator[Claim]:
        return (claim for record in self.records() if (claim := claim_of(record, self.texts)) is not None)

    def _ask(self, stage: str, slot: str, claim: Claim, rank: int) -> Request:
        temperature = self.prompt.temperature if self.prompt.temperature is not None else self.teacher.temperature
        body: Body = {
            "messages": self.prompt.messages(**claim.values()),
            "max_tokens": self.teacher.max_tokens,
            "temperature": temperature,
            "schema": SCHEMA,
        }
        return ask(self.name, stage, self.teacher.model, body, slot=slot, rank=rank, prompt=self.prompt.hash)


def _spread(total: int, wanted: int) -> Iterator[bool]:
    """For each of `total` things whether it is one of about `wanted` that lie evenly among them."""
    return ((place + 1) * wanted // total > place * wanted // total for place in range(total))
