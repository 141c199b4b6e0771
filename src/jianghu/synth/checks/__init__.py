"""What a reply says is held against the book: quotes, names, numbers, and the wording of questions and answers."""

from .contrast import check_contrast
from .fact import check_fact, check_name, check_text, seen_before
from .names import KnownBook, known_books
from .quote import letters, locate
from .record import FREE, Ground, check_record, gate, with_problems
from .wording import copied, garbage, half, leans, points_at_nothing

__all__ = [
    "FREE",
    "Ground",
    "KnownBook",
    "check_contrast",
    "check_fact",
    "check_name",
    "check_record",
    "check_text",
    "copied",
    "garbage",
    "gate",
    "half",
    "known_books",
    "leans",
    "letters",
    "locate",
    "points_at_nothing",
    "seen_before",
    "with_problems",
]
