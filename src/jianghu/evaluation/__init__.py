"""Exams: questions go in with their answers, a checkpoint answers them closed-book, scores come out."""

from .answer_score import AnswerScore
from .build_exam import GROUPS, MAIN_GROUP, shelf_exam
from .contamination import Leaks, Taught
from .degeneration import copied, distinct, is_garbage, is_loop, loop_span
from .entities import People
from .grading import abstains, contains, exact, grade
from .metrics import character_f1, rouge_l
from .perplexity import perplexity
from .questions import Item, item_of, read_exam, read_questions
from .run_exam import Background, answer, score_answers, take_exam
from .scores import Scores, mean_scores, shuffled

__all__ = [
    "GROUPS",
    "MAIN_GROUP",
    "AnswerScore",
    "Background",
    "Item",
    "Leaks",
    "People",
    "Scores",
    "Taught",
    "abstains",
    "answer",
    "character_f1",
    "contains",
    "copied",
    "distinct",
    "exact",
    "grade",
    "is_garbage",
    "is_loop",
    "item_of",
    "loop_span",
    "mean_scores",
    "perplexity",
    "read_exam",
    "read_questions",
    "rouge_l",
    "score_answers",
    "shelf_exam",
    "shuffled",
    "take_exam",
]
