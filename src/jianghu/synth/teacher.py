"""What the strategies that ask a teacher need of a workspace, and what they leave beside the records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from .. import files
from ..corpus import Chapter, split_chapters
from ..errors import InputError
from ..llm.local_server import local_teacher, named
from ..llm.prompts import Prompts
from ..llm.store import Reader
from ..messages import tr
from ..names import Lexicon, read_lexicon
from ..recipe import Recipe
from ..records import Record
from ..workspace import Workspace
from .books import Shelf
from .coverage import Brief, coverage
from .strategies import STRATEGIES, AnyStrategy, make_strategies


def shelf_of(ws: Workspace, recipe: Recipe, chapters: Sequence[Chapter], store: Reader) -> Shelf:
    """The books as strategies see them, with lexicons from BOOK.lexicon.json and the text that training holds out."""
    return Shelf(chapters, given_lexicons(ws, chapters), store, held_out(chapters, recipe))


def given_lexicons(ws: Workspace, chapters: Sequence[Chapter]) -> dict[str, Lexicon]:
    """The names of those books that have a BOOK.lexicon.json beside them."""
    paths = {chapter.book: ws.books / f"{chapter.book}.lexicon.json" for chapter in chapters}
    return {book: read_lexicon(path) for book, path in paths.items() if path.exists()}


def strategies_of(ws: Workspace, recipe: Recipe, shelf: Shelf) -> list[AnyStrategy]:
    """The recipe's strategies that ask a teacher, with the workspace's prompts.

    Raises:
        InputError: a prompt of the workspace cannot be used.
    """
    return make_strategies(recipe.synth.strategies, shelf, recipe.synth, Prompts(ws.prompts))


@contextmanager
def serving(recipe: Recipe, start: bool = True, always: bool = False) -> Iterator[Recipe]:
    """A recipe whose teacher answers: one on this machine is started and, when the block ends, stopped.

    Args:
        start: without it nothing is started; only the model has its name.
        always: whether or not a strategy of the recipe asks a teacher.
    """
    teacher = recipe.synth.teacher
    with (
        local_teacher(teacher) if start and (always or asks_teacher(recipe)) else nullcontext(named(teacher)) as served
    ):
        yield recipe.model_copy(update={"synth": recipe.synth.model_copy(update={"teacher": served})})


def asks_teacher(recipe: Recipe) -> bool:
    """Whether a recipe's records need a teacher."""
    return bool(set(recipe.synth.strategies) & set(STRATEGIES))


def must_ask(recipe: Recipe) -> None:
    """Raise InputError if none of a recipe's strategies asks a teacher."""
    if not asks_teacher(recipe):
        raise InputError(
            tr(
                "none of [synth] strategies {names} asks a teacher. Add one, such as facts, or give --strategy facts.",
                names=", ".join(recipe.synth.strategies),
            )
        )


def held_out(chapters: Sequence[Chapter], recipe: Recipe) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """(book, chapter) → the spans of the chapter's text on which training is validated; none if a book is too short."""
    try:
        split = split_chapters(chapters, recipe.split)
    except InputError:  # `prepare` is where this is told
        return {}
    held: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for stretch in split.val:
        for piece in stretch.pieces:
            chapter = chapters[piece.chapter_index]
            before = len(chapter.full) - len(chapter.text) - 1  # the title line
            span = max(0, piece.start - before), min(len(chapter.text), piece.end - before)
            if span[0] < span[1]:
                held.setdefault((chapter.book, chapter.chapter), []).append(span)
    return held


def write_rewrites(ws: Workspace, store: Reader) -> int:
    """Write data/rewrites.jsonl, a text a line for mixing into pretraining; return how many."""
    return files.write_jsonl(ws.rewrites, _rewrites(store))


def _rewrites(store: Reader) -> Iterator[dict[str, object]]:
    told: set[bytes] = set()
    for kept in store.kept("text", "rewrite"):
        text, passage = kept.content["text"], kept.passage
        digest = hashlib.sha256(text.encode()).digest()[:8]
        if digest not in told:
            told.add(digest)
            yield {
                "id": f"rewrite-{kept.key[:16]}-{kept.item + 1}",
                "book": kept.content["book"],
                "chapter": passage.chapter if passage else None,
                "kind": kept.content["kind"],
                "text": text,
            }


def write_coverage(ws: Workspace, store: Reader, shelf: Shelf, made: Iterable[Record] = ()) -> dict[str, Brief]:
    """Write data/records/coverage.json: what of the shelf has facts and questions; return its figures in brief."""
    found = coverage(store, shelf, made)
    files.write_json(ws.records / "coverage.json", found)
    return {book: row["brief"] for book, row in found.items()}
