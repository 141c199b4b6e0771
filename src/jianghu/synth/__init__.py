"""Question-answer records about the books: cut from the text, asked of a teacher, or written by hand."""

from .budget import Budget
from .bundled import bundled_records, map_records
from .cloze import cloze_records
from .collect import grouped_records
from .coverage import Coverage, coverage
from .forecast import forecast
from .paraphrase import hold_back
from .prompt import Prompts
from .record import Record, split_of
from .run import Summary, plan_strategies, reparse, run_strategies
from .settle import collect_records, settle, standing
from .shelf import Shelf
from .status import status
from .store import Reader, Store
from .strategies import STRATEGIES, PassageStrategy, make_strategies

__all__ = [
    "STRATEGIES",
    "Budget",
    "Coverage",
    "PassageStrategy",
    "Prompts",
    "Reader",
    "Record",
    "Shelf",
    "Store",
    "Summary",
    "bundled_records",
    "cloze_records",
    "collect_records",
    "coverage",
    "forecast",
    "grouped_records",
    "hold_back",
    "make_strategies",
    "map_records",
    "plan_strategies",
    "reparse",
    "run_strategies",
    "settle",
    "split_of",
    "standing",
    "status",
]
