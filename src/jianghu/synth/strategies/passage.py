"""The strategy `passage`: records straight from each passage, one request a passage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ... import files
from ...corpus import Chapter, cut_passages
from ...errors import InputError
from ...recipe import SynthSettings
from ..ground import gate
from ..parse import parse_reply
from ..plan import spread
from ..prompt import Prompt, Prompts
from ..schemas import RECORDS
from ..store import Item, Reader, Reply, Request, ask


class PassageStrategy:
    """See `Strategy`."""

    name = "passage"

    def __init__(self, chapters: Sequence[Chapter], settings: SynthSettings, prompt: Prompt | None = None) -> None:
        self.chapters, self.settings = chapters, settings
        self.prompt = prompt or Prompts().get("passage")
        self.prompts = [self.prompt]

    def fingerprint(self) -> str:
        own = self.settings.model_dump(include={"passage_chars", "records_per_passage", "max_passages"})
        teacher = self.settings.teacher.model_dump(include={"model", "max_tokens", "temperature"})
        return files.sha256_json([own, teacher, self.prompt.hash])

    def plan(self, store: Reader) -> Iterator[Request]:
        """One request a passage, at most `max_passages`, in an order whose every beginning is spread over the shelf.

        Raises:
            InputError: there is no text to ask about.
        """
        titles = {(chapter.book, chapter.chapter): chapter.title for chapter in self.chapters}
        passages = spread(cut_passages(list(self.chapters), self.settings.passage_chars))
        if not passages:
            raise InputError("there is no passage to ask the teacher about: the books hold no chapters.")
        teacher = self.settings.teacher
        for rank, passage in enumerate(passages[: self.settings.max_passages or None]):
            messages = self.prompt.messages(
                book=passage.book,
                title=titles[passage.book, passage.chapter] or f"第{passage.chapter}章",
                passage=passage.text,
                count=str(self.settings.records_per_passage),
            )
            body = {
                "messages": messages,
                "max_tokens": teacher.max_tokens,
                "temperature": teacher.temperature,
                "schema": RECORDS,
            }
            yield ask(self.name, "records", teacher.model, body, passage=passage, rank=rank, prompt=self.prompt.hash)

    def read(self, request: Request, reply: Reply) -> list[Item]:
        if request.passage is None:
            return []
        return gate(parse_reply(reply.content, reply.finish_reason == "stop"), request.passage.text)

    def follow(self, request: Request, reply: Reply, items: Sequence[Item], store: Reader) -> Iterable[Request]:
        return ()

    def forecast(self, first: int) -> dict[str, int]:
        return {"records": first}
