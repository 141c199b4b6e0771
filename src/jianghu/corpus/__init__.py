"""Any book file → clean chapters; their split into train and validation; passages."""

from .book import Book, Chapter, Passage, read_chapters, write_chapters
from .bundled import BUNDLED_NAME, Bundled, find_bundled
from .ledger import Cut, Removal
from .load import book_name, load_book, load_shelf, shelf_files
from .novel_package import fetch_bundled
from .passages import cut_passages
from .report import check_report
from .shelf import by_book, shelf_lexicons
from .split import Piece, Split, Stretch, split_chapters

__all__ = [
    "BUNDLED_NAME",
    "Book",
    "Bundled",
    "Chapter",
    "Cut",
    "Passage",
    "Piece",
    "Removal",
    "Split",
    "Stretch",
    "book_name",
    "by_book",
    "check_report",
    "cut_passages",
    "fetch_bundled",
    "find_bundled",
    "load_book",
    "load_shelf",
    "read_chapters",
    "shelf_files",
    "shelf_lexicons",
    "split_chapters",
    "write_chapters",
]
