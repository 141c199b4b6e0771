"""Records of facts that the user wrote down: BOOK.facts.jsonl beside the book, a fact a line with its many wordings.

The file and the chapters go in; a record for each wording, with the place of its evidence, comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from ..corpus import Chapter
from ..errors import InputError
from ..files import read_jsonl
from ..messages import tr
from ..recipe import SynthSettings
from ..records import Record
from .many_wordings import ManyWordings, Span
from .squeezed import Squeezed

SUFFIX = ".facts.jsonl"


class WrittenFact(ManyWordings):
    """A line of BOOK.facts.jsonl.

    Attributes:
        chapter: of the evidence; None: it is looked for in the whole book.
        evidence: the words of the book that prove it; "" where there are none (what the book does not hold).
    """

    chapter: int | None = None
    evidence: str = ""


def facts_files(books: Path) -> dict[str, Path]:
    """Book → its file of facts, of those in the folder of books."""
    return {path.name.removesuffix(SUFFIX): path for path in sorted(books.glob(f"*{SUFFIX}"))}


def read_written(path: Path) -> list[WrittenFact]:
    """The facts of a file.

    Raises:
        InputError: a line is no fact, or a fact stands twice.
    """
    facts: list[WrittenFact] = []
    seen: set[str] = set()
    for number, row in enumerate(read_jsonl(path), 1):
        try:
            fact = WrittenFact.model_validate(row)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InputError(
                tr("{file}, line {line}: {field}: {why}.", file=path.name, line=number, field=field, why=first["msg"])
            ) from None
        if fact.fact in seen:
            raise InputError(
                tr("{file}, line {line}: the fact {fact} stands twice.", file=path.name, line=number, fact=fact.fact)
            )
        seen.add(fact.fact)
        facts.append(fact)
    return facts


def written_records(written: Mapping[str, Path], chapters: Sequence[Chapter], settings: SynthSettings) -> list[Record]:
    """The records of files of facts.

    Args:
        written: book → file, see `facts_files`.

    Raises:
        InputError: see `read_written`; or the book does not hold a fact's evidence.
    """
    records: list[Record] = []
    for book, path in written.items():
        texts = {
            chapter.chapter: (Squeezed(chapter.text), chapter.title) for chapter in chapters if chapter.book == book
        }
        if not texts:
            raise InputError(
                tr(
                    "{file}: no book on this shelf is called {book}. Name the file like the book.",
                    file=path.name,
                    book=book,
                )
            )
        for fact in read_written(path):
            records += _records(fact, book, path, texts, settings)
    return records


def written_statements(written: Mapping[str, Path]) -> list[dict[str, str]]:
    """The statements of the facts of these files: {fact, text}."""
    return [
        {"fact": fact.fact, "text": text}
        for path in written.values()
        for fact in read_written(path)
        for text in fact.statements
    ]


def _records(
    fact: WrittenFact, book: str, path: Path, texts: dict[int, tuple[Squeezed, str]], settings: SynthSettings
) -> list[Record]:
    place = _place(fact, texts)
    if fact.evidence and place is None:
        raise InputError(
            tr(
                "{file}: the evidence of {fact} is not in the book: {evidence}. Copy it from there word for word.",
                file=path.name,
                fact=fact.fact,
                evidence=fact.evidence[:40],
            )
        )
    return fact.records(book, place or (None, None, None), "written", fact.split(settings))


def _place(fact: WrittenFact, texts: dict[int, tuple[Squeezed, str]]) -> Span | None:
    """Chapter, start and end of the evidence: in the chapter that is named, else in the first that holds it. A heading
    proves a fact too; then there is no span, since it is no part of the text."""
    if not fact.evidence:
        return None
    numbers = [number for number in (fact.chapter, *texts) if number in texts]
    for number in numbers:
        if span := texts[number][0].find(fact.evidence):
            return number, *span
    for number in numbers:
        if Squeezed(texts[number][1]).find(fact.evidence):
            return number, None, None
    return None
