"""Answers → means with intervals, over a whole exam or a group of it; controls; which of two checkpoints is better."""

from __future__ import annotations

from collections.abc import Sequence

from ..stats import Versus, share, spread, versus
from .degeneration import distinct
from .grading import contains
from .multiple_choice import mixed
from .results import Answer, Scores, Shuffled

MAX_SHUFFLED = 200
"""Answers of which chance is reckoned: each with every other question's reference."""


def mean_scores(answers: Sequence[Answer]) -> Scores:
    """The `Scores` of some answers."""
    scored = [answer for answer in answers if answer.outcome]
    known = [answer for answer in answers if answer.wrong_book is not None]
    taught = any(answer.nearest for answer in scored)
    right = share([answer.correct for answer in scored])
    characters = sum(len(answer.answer) for answer in answers)
    texts = [answer.answer for answer in answers]
    read = [answer.book_answer for answer in scored if answer.book_answer]
    book = share([one.correct for one in read]) if read else None
    return Scores(
        questions=len(answers),
        accuracy=right.accuracy,
        low=right.low,
        high=right.high,
        abstained=_mean([answer.outcome == "abstained" for answer in scored]),
        wrong=_mean([answer.outcome == "wrong" for answer in scored]),
        contains=_mean([answer.contains for answer in scored]),
        exact=_mean([answer.exact for answer in scored]),
        character_f1=_mean([answer.character_f1 for answer in scored]),
        rouge_l=_mean([answer.rouge_l for answer in scored]),
        wrong_book=_mean([bool(answer.wrong_book) for answer in known]) if known else None,
        loops=_mean([answer.loop for answer in answers]),
        finished=_mean([answer.finished for answer in answers]),
        empty=_mean([not text for text in texts]),
        garbage=_mean([answer.garbage for answer in answers]),
        copied=round(sum(answer.copied * len(answer.answer) for answer in answers) / max(1, characters), 4),
        distinct_1=round(distinct(texts, 1), 4),
        distinct_2=round(distinct(texts, 2), 4),
        length=_mean([len(text) for text in texts]),
        baseline=_mean([_nearest_right(answer) for answer in scored]) if taught else None,
        book=book.accuracy if book else None,
        book_low=book.low if book else None,
        book_high=book.high if book else None,
        likelier=_mean([one.better for one in read]) if read else None,
        found=_mean([bool(one.answer) for one in read]) if read else None,
    )


def shuffled(answers: Sequence[Answer]) -> Shuffled:
    """Control: each answer against the accepted forms of another question. It must score at `chance`, which is the
    share over all such pairs; if it does not, the scoring and not the model is being measured."""
    scored = [answer for answer in answers if answer.outcome]
    taken = [scored[n] for n in spread(len(scored), MAX_SHUFFLED)]
    hits = share([contains(one.answer, other.accepted) for one, other in mixed(taken)])
    pairs = [contains(one.answer, other.accepted) for one in taken for other in taken if one is not other]
    return Shuffled(questions=len(taken), **hits.model_dump(), chance=_mean(pairs))


def compare_answers(first: Sequence[Answer], second: Sequence[Answer]) -> Versus:
    """Whether the second checkpoint is better, on the questions that both were asked."""
    theirs = {answer.key: answer.correct for answer in first if answer.outcome}
    return versus([(theirs[answer.key], answer.correct) for answer in second if answer.key in theirs])


def better_than_nearest(answers: Sequence[Answer]) -> Versus:
    """Whether a checkpoint is better than the answer of the taught question that is most alike; over no questions
    where nothing was taught."""
    scored = [answer for answer in answers if answer.outcome]
    if not any(answer.nearest for answer in scored):
        return versus([])
    return versus([(_nearest_right(answer), answer.correct) for answer in scored])


def _nearest_right(answer: Answer) -> bool:
    """Whether the nearest taught question's answer is right; not where no taught question is alike at all."""
    return answer.nearest is not None and answer.nearest.correct


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
