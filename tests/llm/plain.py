"""The plainest strategy: rounds of asking, quotes that must stand verbatim. What carries requests is tested with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from jianghu.corpus import Chapter, Passage, cut_passages
from jianghu.llm.prompts import Prompt
from jianghu.llm.runner import Summary, run_strategies
from jianghu.llm.store import Body, Item, Reader, Reply, Request, Store, ask
from jianghu.recipe import SynthSettings

SCHEMA: dict[str, object] = {"type": "object", "properties": {"records": {"type": "array"}}, "required": ["records"]}


class PlainStrategy:
    """See `Strategy`. Each passage is asked about `rounds` times, the later ones made possible by the one before."""

    name = "plain"
    prompts: Sequence[Prompt] = ()

    def __init__(self, chapters: Sequence[Chapter], settings: SynthSettings, rounds: int = 1, words: str = "") -> None:
        self.settings, self.rounds, self.words = settings, rounds, words
        self.passages = cut_passages(chapters, settings.passage_chars)[: settings.max_passages or None]

    def fingerprint(self) -> str:
        return f"{len(self.passages)} {self.rounds} {self.words} {self.settings.teacher.model}"

    def plan(self, store: Reader) -> Iterator[Request]:
        for rank, passage in enumerate(self.passages):
            yield self._ask(passage, rank, 1)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        assert request.passage is not None
        try:
            records = json.loads(reply.content)["records"]
        except (ValueError, KeyError, TypeError):
            return [Item("not JSON", {})]
        text = request.passage.text.replace("\n", "")
        return [Item("accepted" if row["evidence"] in text else "evidence not found", row) for row in records]

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        number = int(request.slot)
        if number < self.rounds and request.passage is not None:
            yield self._ask(request.passage, request.rank, number + 1, request.key)

    def forecast(self, first: int) -> dict[str, int]:
        return {f"round {number}": first for number in range(1, self.rounds + 1)}

    def _ask(self, passage: Passage, rank: int, number: int, parent: str | None = None) -> Request:
        messages = [
            {"role": "system", "content": f"你是老师。{self.words}"},
            {"role": "user", "content": f"第{number}次\n<passage>\n{passage.text}\n</passage>"},
        ]
        teacher = self.settings.teacher
        body: Body = {"messages": messages, "max_tokens": teacher.max_tokens, "temperature": 0.5, "schema": SCHEMA}
        return ask(
            self.name,
            f"round {number}",
            teacher.model,
            body,
            passage=passage,
            slot=str(number),
            rank=rank,
            parent=parent,
        )


def run_plain(
    chapters: Sequence[Chapter], store: Store, settings: SynthSettings, *more, rounds: int = 1, **named
) -> Summary:
    """A run of the plain strategy; see `run_strategies` for the other arguments."""
    strategies = [PlainStrategy(chapters, settings, rounds)]
    return run_strategies(strategies, chapters, store, settings.teacher, *more, **named)


def export(store: Reader) -> bytes:
    """All accepted records as a file would hold them."""
    rows = [[kept.key, kept.item, kept.stage, kept.content] for kept in store.kept()]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
