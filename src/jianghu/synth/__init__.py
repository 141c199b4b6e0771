"""Question-answer records about the books: cut from the text, asked of a teacher, or written by hand."""

from .bundled import bundled_records, map_records
from .cloze import cloze_records
from .paraphrase import hold_back
from .record import Record, split_of
from .run import Summary, collect_records, reparse, run_passages
from .store import Store

__all__ = [
    "Record",
    "Store",
    "Summary",
    "bundled_records",
    "cloze_records",
    "collect_records",
    "hold_back",
    "map_records",
    "reparse",
    "run_passages",
    "split_of",
]
