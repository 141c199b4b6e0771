"""Hundreds of thousands of records, found at once: an index in one SQLite file, and what is asked of it."""

from .index import RecordIndex
from .rows import FINISHED, LEFT_OUT, Row, state_group
from .search import Filter, Page, RecordSearch

__all__ = ["FINISHED", "LEFT_OUT", "Filter", "Page", "RecordIndex", "RecordSearch", "Row", "state_group"]
