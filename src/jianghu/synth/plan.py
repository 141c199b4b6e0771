"""Chapters and settings → the requests to the teacher, in an order whose every beginning is spread over the shelf."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .. import files
from ..corpus import Chapter, Passage, cut_passages
from ..errors import InputError
from ..recipe import SynthSettings
from .prompt import SCHEMA, Prompt
from .store import Request


def plan_requests(chapters: Sequence[Chapter], settings: SynthSettings, prompt: Prompt) -> list[Request]:
    """One request a passage, at most `settings.max_passages`; the same passage gives the same key.

    Raises:
        InputError: there is no text to ask about.
    """
    order = {(chapter.book, chapter.chapter): place for place, chapter in enumerate(chapters)}
    titles = {(chapter.book, chapter.chapter): chapter.title for chapter in chapters}
    passages = spread(cut_passages(list(chapters), settings.passage_chars))
    if not passages:
        raise InputError("there is no passage to ask the teacher about: the books hold no chapters.")
    requests: dict[str, Request] = {}
    for passage in passages[: settings.max_passages or None]:
        where = (passage.book, passage.chapter)
        messages = prompt.messages(
            book=passage.book,
            title=titles[where] or f"第{passage.chapter}章",
            passage=passage.text,
            count=str(settings.records_per_passage),
        )
        body = {
            "messages": messages,
            "max_tokens": settings.teacher.max_tokens,
            "temperature": settings.teacher.temperature,
            "schema": SCHEMA,
        }
        model = settings.teacher.model
        key = files.sha256_json({"model": model, **body})
        requests[key] = Request(key, order[where], *where, passage.start, passage.text, model, body)
    return list(requests.values())


def spread(passages: Sequence[Passage]) -> list[Passage]:
    """The passages in an order of which every beginning covers each book evenly, in proportion to its length.

    Within a book by van der Corput's sequence (bits of the index reversed), so that asking for more passages later
    keeps those that were asked about.
    """
    by_book: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        by_book[passage.book].append(passage)
    ranked: list[tuple[float, int, Passage]] = []
    for number, own in enumerate(by_book.values()):
        bits = max(1, (len(own) - 1).bit_length())
        mixed = sorted(range(len(own)), key=lambda index: int(f"{index:0{bits}b}"[::-1], 2))
        ranked += [((rank + 0.5) / len(own), number, own[index]) for rank, index in enumerate(mixed)]
    return [passage for _, _, passage in sorted(ranked, key=lambda entry: entry[:2])]
