"""What all strategies do alike: make a request of a prompt, and ask once more where a reply could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ... import files
from ...corpus import Passage
from ...llm.json_replies import Parsed, parse_reply
from ...llm.prompts import Prompt, Prompts
from ...llm.store import Body, Item, Reply, Request, ask
from ...recipe import SynthSettings
from ..books import Shelf
from ..schemas import FIELD_NAMES

MAX_REPEATED = 6_000  # characters of an unreadable reply that are shown to the teacher again
FAULTS = {"not JSON": "不是合法的 JSON", "wrong schema": "JSON 的结构不是所要求的"}
"""Verdicts on a whole reply that one more turn may mend, and how the teacher is told."""


class BaseStrategy:
    """The part that strategies share. Each of them inherits it and adds plan, read and follow.

    Class attributes:
        name: of the strategy.
        uses: names of its prompts.
        settings_used: fields of [synth] on which its requests depend.
    """

    name: str
    uses: tuple[str, ...]
    settings_used: frozenset[str]

    def __init__(self, shelf: Shelf, settings: SynthSettings, prompts: Prompts | None = None) -> None:
        self.shelf, self.settings = shelf, settings
        source = prompts or Prompts()
        self._prompts = {name: source.get(name) for name in (*self.uses, "correction")}
        self.prompts: Sequence[Prompt] = list(self._prompts.values())

    def fingerprint(self) -> str:
        """A hash of all that plan, read and follow depend on besides the books: settings, prompts and names."""
        own = self.settings.model_dump(include=set(self.settings_used))
        teacher = self.settings.teacher.model_dump(include={"model", "max_tokens", "temperature"})
        names = self.shelf.learn()
        return files.sha256_json([own, teacher, [prompt.hash for prompt in self.prompts], names])

    def ask(
        self,
        prompt: str,
        stage: str,
        schema: dict[str, object],
        *,
        passage: Passage | None = None,
        about: Mapping[str, object] | None = None,
        slot: str = "",
        rank: int = 0,
        parent: Request | None = None,
        **values: Any,
    ) -> Request:
        """A request by a prompt.

        Args:
            about: what reading the reply needs to know; it is kept with the request and not sent.
            values: what the prompt's places are filled with, besides book, title and passage.
        """
        used = self._prompts[prompt]
        if passage is not None:
            where = {"book": passage.book, "title": self.shelf.titles.get((passage.book, passage.chapter), "")}
            values = {**where, "passage": passage.text, **values}
        body: Body = {
            "messages": used.messages(**{name: str(value) for name, value in values.items()}),
            "max_tokens": self.settings.teacher.max_tokens,
            "temperature": self.settings.teacher.temperature if used.temperature is None else used.temperature,
            "schema": schema,
            "about": dict(about or {}),
        }
        return ask(
            self.name,
            stage,
            self.settings.teacher.model,
            body,
            passage=passage,
            slot=slot,
            rank=rank,
            parent=parent.key if parent else None,
            prompt=used.hash,
        )

    def correction(self, request: Request, reply: Reply, items: Sequence[Item]) -> Iterable[Request]:
        """One more turn, if the teacher ended by itself and nothing of its reply could be read; never a second one.

        It takes the place of the reply that it corrects: what follows from that follows from it.
        """
        about = request.body["about"]
        faults = [FAULTS[item.verdict] for item in items if item.verdict in FAULTS]
        if about.get("corrects") or not faults or len(faults) < len(items) or reply.finish_reason != "stop":
            return ()
        used = self._prompts["correction"]
        body: Body = {
            **request.body,
            "messages": [
                *request.body["messages"],
                {"role": "assistant", "content": reply.content[:MAX_REPEATED]},
                *used.messages(fault=faults[0]),
            ],
            "temperature": request.body["temperature"] if used.temperature is None else used.temperature,
            "about": {**about, "corrects": request.key},
        }
        return [
            ask(
                request.strategy,
                request.stage,
                request.model,
                body,
                passage=request.passage,
                slot=request.slot,
                rank=request.rank,
                parent=request.key,
                prompt=used.hash,
            )
        ]


def objects_in(reply: Reply, mark: str = "question") -> Parsed:
    """The objects of a reply that hold a field; what is broken is mended only where the teacher ended by itself."""
    return parse_reply(reply.content, reply.finish_reason == "stop", mark, FIELD_NAMES)
