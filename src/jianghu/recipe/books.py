"""Settings of the first stage: how books are read, split and turned into tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import NotNegative, Positive, Settings


class BooksSettings(Settings):
    """How book files are read and cleaned. The files themselves are never changed."""

    clean: bool = True
    """Remove a web site's headers, adverts, hard line wraps and repeated chapters (see `books check`)."""
    notes: bool = False
    """Keep what authors say to their readers at a chapter's end (作者有话要说, PS：, requests for votes)."""
    max_repeat: Positive = 24
    """Longest run of one mark that is kept; longer runs are cut to this many (they hang tokenizer training)."""
    heading: str = ""
    """A regular expression for heading lines, where they are not found (for one book: `books add --heading`)."""
    simplify: bool = False
    """Convert traditional to simplified characters (not reversible)."""
    chapter_chars: Positive = 5000
    """Characters per piece, for a book in which no chapter headings are found."""


class SplitSettings(Settings):
    """Which stretches of every book are held out for validation."""

    val_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    """Share of each book's characters that is held out."""
    stretch_chars: Positive = 4000
    """Aimed length of one held-out stretch, in characters; a book has at least one."""
    gap_chars: NotNegative = 512
    """Characters on both sides of a held-out stretch that neither training nor validation sees."""
    seed: int = 1337
    """Places the stretches."""


class TokenizerSettings(Settings):
    """How text becomes token ids."""

    kind: Literal["bpe", "char"] = "bpe"
    """`bpe`: byte-level BPE trained on the shelf. `char`: one token a character, in the same file format."""
    vocab_size: Annotated[int, Field(ge=300)] = 8192
    """Tokens in the vocabulary, special ones included (`bpe` only; a small shelf may give fewer)."""
