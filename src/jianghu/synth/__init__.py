"""Question-answer records about the books: cut from the text, asked of a teacher, or bundled with this package."""

from .books import Shelf
from .bundled import bundled_records, map_records
from .cloze import cloze_records
from .collect import grouped_records
from .cost import forecast
from .coverage import Coverage, coverage
from .paraphrase import hold_back
from .settle import collect_records, settle, standing
from .strategies import STRATEGIES, PassageStrategy, make_strategies

__all__ = [
    "STRATEGIES",
    "Coverage",
    "PassageStrategy",
    "Shelf",
    "bundled_records",
    "cloze_records",
    "collect_records",
    "coverage",
    "forecast",
    "grouped_records",
    "hold_back",
    "make_strategies",
    "map_records",
    "settle",
    "standing",
]
