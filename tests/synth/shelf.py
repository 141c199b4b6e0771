"""Small made-up chapters for the tests of this room, and runs over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from jianghu.corpus import Chapter
from jianghu.llm.runner import Summary, run_strategies
from jianghu.llm.store import Store
from jianghu.names import Lexicon, Name
from jianghu.recipe import SynthSettings, TeacherSettings
from jianghu.synth import PassageStrategy, Shelf
from tests.conftest import PEOPLE, PLACES, novel_text

BOOK = "青峰录"


def chapters(count: int = 4, sentences: int = 30, book: str = BOOK, seed: int = 1) -> list[Chapter]:
    made: list[Chapter] = []
    for part in re.split(r"(?m)^(?=第)", novel_text(count, sentences, seed)):
        if part.strip():
            title, _, text = part.partition("\n")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            made.append(Chapter(book, len(made) + 1, title.strip(), "\n".join(lines)))
    return made


def lexicon() -> Lexicon:
    people = [Name(name, (), "person") for name in PEOPLE]
    return Lexicon([*people, *(Name(name, (), "place") for name in PLACES)])


def synth_settings(base_url: str = "http://127.0.0.1:9/v1", **changes) -> SynthSettings:
    teacher: dict[str, Any] = {"base_url": base_url, "model": "test-model", "key_env": "", "timeout": 30.0}
    teacher |= changes.pop("teacher", {})
    return SynthSettings(passage_chars=120, teacher=TeacherSettings(**teacher), **changes)


def run_passages(chapters: Sequence[Chapter], store: Store, settings: SynthSettings, *more, **named) -> Summary:
    """A run of the strategy `passage`; see `run_strategies` for the other arguments."""
    return run_strategies(
        [PassageStrategy(Shelf(chapters), settings)], chapters, store, settings.teacher, *more, **named
    )
