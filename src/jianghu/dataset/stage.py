"""Books → chapters, tokenizer, tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from .. import files
from ..corpus import load_shelf, split_chapters, write_chapters
from ..recipe import Recipe
from ..tokenizer_training import train_tokenizer
from ..workspace import Manifest, Workspace
from . import write_tokens


def book_files(ws: Workspace) -> list[Path]:
    """The user's books, without the lexicons and facts that may lie beside them."""
    books = sorted(path for path in ws.books.glob("*") if path.is_file() and not path.name.startswith("."))
    return [path for path in books if not path.name.endswith((".lexicon.json", ".facts.jsonl"))]


def prepare_manifest(ws: Workspace, recipe: Recipe) -> Manifest:
    groups = ("books", "split", "tokenizer")
    settings = {name: getattr(recipe, name).model_dump() for name in groups}
    return Manifest(ws.hashes(book_files(ws)), settings, recipe.flags(*groups))


def prepare_stale(ws: Workspace, recipe: Recipe) -> str | None:
    """Why `prepare` has work to do, or None."""
    outputs = [ws.chapters, ws.tokenizer / "tokenizer.json", ws.tokens / "tokens.json"]
    return ws.why_stale(ws.data, prepare_manifest(ws, recipe), outputs)


class BookCount(TypedDict):
    """A book and its chapters."""

    name: str
    chapters: int


class Prepared(TypedDict):
    """What the stage made: books, vocabulary, and the two parts of the text."""

    books: list[BookCount]
    characters: int
    vocab_size: int
    characters_per_token: float
    train_tokens: int
    train_characters: int
    val_tokens: int
    val_characters: int
    val_stretches: int
    gap_characters: int


def prepare(ws: Workspace, recipe: Recipe) -> Prepared:
    """Chapters, tokenizer and tokens from the books.

    Raises:
        InputError: no books, or a book that cannot be used; nothing of the old data is lost then.
    """
    with files.lock(ws.data, "data"):
        manifest = prepare_manifest(ws, recipe)
        books = load_shelf(ws.books, recipe.books)
        chapters = [chapter for book in books for chapter in book.chapters]
        split = split_chapters(chapters, recipe.split)
        paragraphs = (line for stretch in split.train for line in stretch.text(chapters).splitlines(keepends=True))
        tokenizer = train_tokenizer(paragraphs, recipe.tokenizer.kind, recipe.tokenizer.vocab_size)
        ws.forget(ws.data)
        write_chapters(ws.chapters, chapters)
        with files.atomic_folder(ws.tokenizer) as folder:
            tokenizer.save(folder)
        data = write_tokens(ws.tokens, chapters, split, tokenizer)
        ws.record(ws.data, manifest)
    train, val = data.about["train"], data.about["val"]
    characters, tokens = train["characters"] + val["characters"], train["tokens"] + val["tokens"]
    return {
        "books": [{"name": book.name, "chapters": len(book.chapters)} for book in books],
        "characters": characters,
        "vocab_size": tokenizer.vocab_size,
        "characters_per_token": round(characters / tokens, 3),
        "train_tokens": train["tokens"],
        "train_characters": train["characters"],
        "val_tokens": val["tokens"],
        "val_characters": val["characters"],
        "val_stretches": len(val["stretches"]),
        "gap_characters": split.gap_characters,
    }
