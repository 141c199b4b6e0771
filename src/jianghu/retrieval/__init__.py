"""Passages of the books that match a question."""

from .index import OpenBook, Passage, build, open_book
from .mentions import Mention, find_mentions
from .search import Match
from .terms import HAN, asking_span, telling

__all__ = [
    "HAN",
    "Match",
    "Mention",
    "OpenBook",
    "Passage",
    "asking_span",
    "build",
    "find_mentions",
    "open_book",
    "telling",
]
