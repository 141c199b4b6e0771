"""The shelf as token ids on disk. Chapters, a split and a tokenizer go in; `train.npy`, `val.npy` and
`tokens.json` come out, from which any token can be traced to book, chapter and character.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
import numpy.typing as npt

from .. import files
from ..corpus import Chapter, Split, Stretch
from ..errors import InputError
from ..messages import tr
from ..tokenizer import Tokenizer

Ids = npt.NDArray[np.integer[Any]]
Part = Literal["train", "val"]


@dataclass(frozen=True)
class Place:
    """Where a token begins: `offset` counts characters of the chapter's `full` text (title line included)."""

    book: str
    chapter: int
    offset: int


class StretchAbout(TypedDict):
    """A stretch of a book: where its ids begin and end, and from which (chapter, start, end) its characters are."""

    book: str
    start: int
    end: int
    pieces: list[tuple[int, int, int]]


class PartAbout(TypedDict):
    """The training or the validation part in figures."""

    tokens: int
    characters: int
    bytes: int
    stretches: list[StretchAbout]


class TokensAbout(TypedDict):
    """What tokens.json holds."""

    vocab_size: int
    gap_characters: int
    train: PartAbout
    val: PartAbout


@dataclass(frozen=True)
class TokenData:
    """Token ids of the training and the validation part.

    Each stretch of text stands behind one `<|endoftext|>`. `about` is what tokens.json holds.
    """

    train: Ids
    val: Ids
    about: TokensAbout

    def stretches(self, part: Part) -> list[tuple[int, int]]:
        """Half-open ranges of ids of each stretch, without its `<|endoftext|>`."""
        return [(stretch["start"], stretch["end"]) for stretch in self.about[part]["stretches"]]

    def locate(self, part: Part, index: int, tokenizer: Tokenizer) -> Place:
        """Book, chapter and character at which the token at `index` of a part begins.

        Raises:
            IndexError: there is no such token, or it is an `<|endoftext|>` between stretches.
        """
        ids = self.train if part == "train" else self.val
        for stretch in self.about[part]["stretches"]:
            if stretch["start"] <= index < stretch["end"]:
                offset = int(tokenizer.chars_per_token[ids[stretch["start"] : index]].sum())
                if offset and not tokenizer.chars_per_token[ids[index]]:
                    offset -= 1  # a continuation of the character that began in an earlier token
                for chapter, start, end in stretch["pieces"]:
                    if offset < end - start:
                        return Place(stretch["book"], chapter, start + offset)
                    offset -= end - start
        raise IndexError(f"token {index} of {part} belongs to no stretch")


def write_tokens(folder: Path, chapters: list[Chapter], split: Split, tokenizer: Tokenizer) -> TokenData:
    """Encode both parts and write them to `folder`, atomically, file by file; tokens.json comes last."""
    about: dict[Part, PartAbout] = {}
    arrays: dict[str, Ids] = {}
    parts: list[tuple[Part, list[Stretch]]] = [("train", split.train), ("val", split.val)]
    for part, stretches in parts:
        texts = [stretch.text(chapters) for stretch in stretches]
        ids: list[int] = []
        rows: list[StretchAbout] = []
        for stretch, encoded in zip(stretches, tokenizer.encode_many(texts), strict=True):
            ids.append(tokenizer.end_of_text)
            start = len(ids)
            ids += encoded
            pieces = [(chapters[p.chapter_index].chapter, p.start, p.end) for p in stretch.pieces]
            rows.append({"book": stretch.book, "start": start, "end": len(ids), "pieces": pieces})
        arrays[part] = np.array(ids, dtype=np.uint16 if tokenizer.vocab_size <= 2**16 else np.uint32)
        about[part] = {
            "tokens": len(ids),
            "characters": sum(map(len, texts)),
            "bytes": sum(len(text.encode("utf-8")) for text in texts),
            "stretches": rows,
        }
        with files.atomic_path(folder / f"{part}.npy") as path, path.open("wb") as out:
            np.save(out, arrays[part])
    whole: TokensAbout = {
        "vocab_size": tokenizer.vocab_size,
        "gap_characters": split.gap_characters,
        "train": about["train"],
        "val": about["val"],
    }
    files.write_json(folder / "tokens.json", whole)
    return TokenData(arrays["train"], arrays["val"], whole)


def read_tokens(folder: Path) -> TokenData:
    """Read what `write_tokens` wrote.

    Raises:
        InputError: a file is missing or damaged.
    """
    try:
        train, val = (np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("train", "val"))
    except (FileNotFoundError, ValueError, EOFError, OSError) as error:
        raise InputError(
            tr(
                "{folder}: the tokens cannot be read ({error}). `{jianghu} prepare` makes them.",
                folder=folder,
                error=error,
            )
        ) from None
    return TokenData(train, val, files.read_json(folder / "tokens.json"))
