"""Exams: questions go in with their answers, a checkpoint answers them closed-book, scores come out."""

from .exam import Item, read_exam, read_questions
from .grading import abstains, grade
from .health import copied, distinct, is_garbage, is_loop, loop_span
from .heldout import perplexity
from .intervals import Versus, bootstrap, mcnemar, versus, wilson
from .metrics import character_f1, chrf, contains, exact, first_clause, rouge_l
from .people import People
from .scores import Scores, mean_scores, shuffled
from .shelf import GROUPS, shelf_exam
from .take import Background, answer, score_answers, take_exam
from .taught import Leaks, Taught

__all__ = [
    "GROUPS",
    "Background",
    "Item",
    "Leaks",
    "People",
    "Scores",
    "Taught",
    "Versus",
    "abstains",
    "answer",
    "bootstrap",
    "character_f1",
    "chrf",
    "contains",
    "copied",
    "distinct",
    "exact",
    "first_clause",
    "grade",
    "is_garbage",
    "is_loop",
    "loop_span",
    "mcnemar",
    "mean_scores",
    "perplexity",
    "read_exam",
    "read_questions",
    "rouge_l",
    "score_answers",
    "shelf_exam",
    "shuffled",
    "take_exam",
    "versus",
    "wilson",
]
