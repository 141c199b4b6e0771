"""Everything that can be seen of one book: facts, chapters, what cleaning takes, people, and what tells it from others.

`python -m jianghu.corpus.look WORKSPACE FILE OUT` writes it as JSON, with a sample of its text beside it. A process of
its own, since a book may take seconds and gigabytes.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TypedDict

import numpy as np

from .. import files
from ..errors import JianghuError
from ..messages import speaking
from ..names import Lexicon, find_names
from ..workspace import Workspace
from .book import Book
from .copies import sample
from .load import load_book
from .report import check_report
from .sidecar import heading_of

FORM = 1
"""Of the file; a look of another form is taken anew."""
Facts = dict[str, object]


class Person(TypedDict):
    """Somebody who was found in the text."""

    name: str
    aliases: list[str]
    kind: str


class Look(TypedDict, total=False):
    """What is seen of a book; `error` alone where it cannot be read.

    Attributes:
        facts: a row of `check_report` with all cuts, by language.
        chapters: title and characters of each.
        forms: how often each form of a name occurs.
    """

    error: str
    facts: dict[str, Facts]
    chapters: list[tuple[str, int]]
    people: list[Person]
    forms: dict[str, int]


def look_at(book: Book) -> Look:
    """What is seen of a book that was loaded."""
    facts: dict[str, Facts] = {}
    for language in ("en", "zh"):
        with speaking(language):
            (facts[language],) = check_report([book], cuts=True)
    texts = [chapter.text for chapter in book.chapters]
    found = find_names(texts)
    return Look(
        facts=facts,
        chapters=[(chapter.title, len(chapter.text)) for chapter in book.chapters],
        people=[Person(name=each.name, aliases=list(each.aliases), kind=each.kind) for each in found.names],
        forms=_forms(found, texts),
    )


def _forms(lexicon: Lexicon, texts: list[str]) -> dict[str, int]:
    counts = Counter(text[start:end] for text in texts for start, end, _ in lexicon.mentions(text))
    return dict(counts.most_common())


def sample_path(out: Path) -> Path:
    """Where the sample of a book's text lies, for `copies_among`."""
    return out.with_suffix(".npy")


def main(root: Path, path: Path, out: Path) -> None:
    """Look at a book of a workspace, and write what was seen."""
    try:
        book = load_book(path, Workspace(root).recipe().books, heading_of(path))
        look = look_at(book)
        with files.atomic_path(sample_path(out)) as temporary, temporary.open("wb") as target:
            np.save(target, sample("\n".join(chapter.text for chapter in book.chapters)))
    except JianghuError as error:
        look = Look(error=str(error))
    files.write_json(out, look)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
