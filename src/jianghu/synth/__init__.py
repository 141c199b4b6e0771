"""Question-answer records about the books: cut from the text, asked of a teacher, or bundled with this package."""

from .assemble import RecordSet, active_records, collect_records, decide, stored_records
from .books import Shelf
from .bundled import bundled_records, map_records
from .cloze import cloze_records
from .cost import forecast
from .coverage import Coverage, coverage
from .selection import hold_back
from .strategies import STRATEGIES, PassageStrategy, make_strategies

__all__ = [
    "STRATEGIES",
    "Coverage",
    "PassageStrategy",
    "RecordSet",
    "Shelf",
    "active_records",
    "bundled_records",
    "cloze_records",
    "collect_records",
    "coverage",
    "decide",
    "forecast",
    "hold_back",
    "make_strategies",
    "map_records",
    "stored_records",
]
