"""Exams: questions go in with their answers, a checkpoint answers them closed-book, scores come out."""

from .exam import Item, exam_from_records, read_exam
from .metrics import character_f1, contains, first_clause, is_loop, rouge_l, wilson
from .take import Scores, take_exam

__all__ = [
    "Item",
    "Scores",
    "character_f1",
    "contains",
    "exam_from_records",
    "first_clause",
    "is_loop",
    "read_exam",
    "rouge_l",
    "take_exam",
    "wilson",
]
