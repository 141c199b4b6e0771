"""What a reply says is held against the book: quotes, names, numbers, and the wording of questions and answers."""

from .names import KnownBook, known_books
from .quote import letters, locate
from .record import FREE, Ground, check_record, gate, with_problems
from .wording import copied, garbage, half, leans, points_at_nothing

__all__ = [
    "FREE",
    "Ground",
    "KnownBook",
    "check_record",
    "copied",
    "garbage",
    "gate",
    "half",
    "known_books",
    "leans",
    "letters",
    "locate",
    "points_at_nothing",
    "with_problems",
]
