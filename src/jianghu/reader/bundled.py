"""Questions about the novel that comes with the package, for shelves that have other books.

A reader learns no fact by heart: questions that people asked about one novel teach it to read another, which questions
cut from sentences do much less.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..corpus import BUNDLED_NAME, find_bundled, load_shelf
from ..recipe import BooksSettings, Recipe
from ..records import Record
from ..retrieval import OpenBook, build
from ..synth.bundled import bundled_records
from .reader import Pages


@contextmanager
def bundled_questions(recipe: Recipe, books: list[str]) -> Iterator[tuple[list[Record], list[Record], Pages] | None]:
    """Training records of at most `[reader] bundled_facts` facts, validation records, and the pages of that novel.

    Its index lives in a temporary folder. None where the shelf has the novel itself, where it is not installed, or
    where none is wanted.
    """
    novel = find_bundled() if recipe.reader.bundled_facts and BUNDLED_NAME not in books else None
    if novel is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="jianghu-") as folder:
        home, index = Path(folder) / "books", Path(folder) / "index.sqlite"
        home.mkdir()
        novel.write_book(home)
        chapters = [chapter for book in load_shelf(home, BooksSettings()) for chapter in book.chapters]
        build(index, chapters, {BUNDLED_NAME: novel.lexicon()})
        wanted = recipe.synth.model_copy(update={"bundled_facts": recipe.reader.bundled_facts})
        records = bundled_records(chapters, wanted)
        train, val = ([record for record in records if record.split == split] for split in ("train", "val"))
        yield train, val, Pages(OpenBook(index), recipe.reader.passages)
