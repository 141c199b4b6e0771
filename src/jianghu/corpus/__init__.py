"""Any book file → clean chapters; their split into train and validation; passages; the names in them."""

from .book import Book, Chapter, Passage, read_chapters, write_chapters
from .bundled import BUNDLED_NAME, Bundled, find_bundled
from .ledger import Cut, Removal
from .lexicon import Kind, Lexicon, Name, read_lexicon
from .load import load_book, load_shelf
from .names import find_names, looks_like_name
from .passages import cut_passages
from .report import check_report
from .shelf import shelf_lexicons
from .split import Piece, Split, Stretch, split_chapters

__all__ = [
    "BUNDLED_NAME",
    "Book",
    "Bundled",
    "Chapter",
    "Cut",
    "Kind",
    "Lexicon",
    "Name",
    "Passage",
    "Piece",
    "Removal",
    "Split",
    "Stretch",
    "check_report",
    "cut_passages",
    "find_bundled",
    "find_names",
    "load_book",
    "load_shelf",
    "looks_like_name",
    "read_chapters",
    "read_lexicon",
    "shelf_lexicons",
    "split_chapters",
    "write_chapters",
]
