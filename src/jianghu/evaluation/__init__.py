"""Exams: questions go in with their answers, a checkpoint answers them closed-book, scores come out."""

from .answer_score import AnswerScore
from .build_exam import GROUPS, MAIN_GROUP, retitled, shelf_exam
from .contamination import Taught
from .degeneration import copied, distinct, is_garbage, is_loop, loop_span
from .entities import People
from .grading import abstains, contains, exact, grade
from .metrics import character_f1, rouge_l
from .perplexity import perplexity
from .questions import Item, item_of_record, read_exam, read_questions
from .results import Answer, ExamResult, Leaks, Scores, read_results
from .run_exam import Background, answer, score_answers, take_exam
from .scores import better_than_nearest, compare_answers, mean_scores, shuffled

__all__ = [
    "GROUPS",
    "MAIN_GROUP",
    "Answer",
    "AnswerScore",
    "Background",
    "ExamResult",
    "Item",
    "Leaks",
    "People",
    "Scores",
    "Taught",
    "abstains",
    "answer",
    "better_than_nearest",
    "character_f1",
    "compare_answers",
    "contains",
    "copied",
    "distinct",
    "exact",
    "grade",
    "is_garbage",
    "is_loop",
    "item_of_record",
    "loop_span",
    "mean_scores",
    "perplexity",
    "read_exam",
    "read_questions",
    "read_results",
    "retitled",
    "rouge_l",
    "score_answers",
    "shelf_exam",
    "shuffled",
    "take_exam",
]
