"""Question-answer records about the books: cut from the text, asked of a teacher, or written by hand."""

from .budget import Budget
from .bundled import bundled_records, map_records
from .cloze import cloze_records
from .collect import grouped_records
from .record import Record, split_of
from .run import Summary, reparse, run_strategies
from .settle import collect_records, settle, standing
from .store import Reader, Store
from .strategies import PassageStrategy

__all__ = [
    "Budget",
    "PassageStrategy",
    "Reader",
    "Record",
    "Store",
    "Summary",
    "bundled_records",
    "cloze_records",
    "collect_records",
    "grouped_records",
    "map_records",
    "reparse",
    "run_strategies",
    "settle",
    "split_of",
    "standing",
]
