"""Takes an exam: a checkpoint answers every question closed-book and greedily, and each answer is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..chat import question, render
from ..generation import Sampling, generate
from ..model import Checkpoint
from ..reader import Reader
from ..recipe import EvalSettings
from ..stats import spread
from .contamination import Taught
from .degeneration import copied, is_garbage, is_loop
from .entities import People
from .grading import contains, exact, grade
from .metrics import character_f1, rouge_l
from .multiple_choice import choice_scores, choose, make_choices, name_rank, name_scores
from .open_book import recall, sureness_of, with_book
from .questions import Item
from .results import Answer, Marks, Nearest
from .scores import mean_scores, shuffled

Reply = tuple[str, bool]
"""An answer, and whether it ended by itself."""


@dataclass(frozen=True)
class Background:
    """What an exam is judged against besides its references; what is missing is not scored.

    Attributes:
        people: who belongs to which book.
        taught: the training records.
        books: texts of which an answer may be a copy.
    """

    people: People | None = None
    taught: Taught | None = None
    books: Sequence[str] = ()


def take_exam(
    checkpoint: Checkpoint,
    items: list[Item],
    settings: EvalSettings,
    background: Background = Background(),
    on_progress: Callable[[int], None] = lambda done: None,
    reader: Reader | None = None,
) -> Marks:
    """Answer and score at most `settings.limit` questions; `settings.batch_size` changes nothing of the result.

    Args:
        reader: answers the same questions from the books.
    """
    if settings.limit:
        items = [items[n] for n in spread(len(items), settings.limit)]
    replies: list[Reply] = []
    for at in range(0, len(items), settings.batch_size):
        replies += answer(checkpoint, items[at : at + settings.batch_size], settings)
        on_progress(len(replies))
    answers = score_answers(items, replies, background)
    answers = _with_likelihoods(checkpoint, items, answers, settings, background.people)
    if reader is not None:
        sure = sureness_of(checkpoint, [item.question for item in items], [text for text, _ in replies])
        answers = with_book(items, answers, sure, reader, background.people)
    groups = dict.fromkeys(item.group for item in items)
    return Marks(
        scores=mean_scores(answers),
        groups={group: mean_scores([answer for answer in answers if answer.group == group]) for group in groups},
        choices=choice_scores(answers),
        names=name_scores(answers),
        shuffled=shuffled(answers),
        answers=tuple(answers),
        recall=recall(answers),
    )


def answer(
    checkpoint: Checkpoint, items: Sequence[Item], settings: EvalSettings, sampling: Sampling | None = None
) -> list[Reply]:
    """Answers, greedy unless a sampling is given."""
    tokenizer = checkpoint.tokenizer
    prompts = [render(tokenizer, question(item.question), prompt=True).ids for item in items]
    sampling = sampling or Sampling(settings.max_new_tokens, repetition_penalty=settings.repetition_penalty)
    written = generate(checkpoint.model, prompts, sampling, tokenizer.stop_ids)
    return [(tokenizer.written(row.ids).strip(), row.finished) for row in written]


def score_answers(
    items: Sequence[Item], replies: Sequence[Reply], background: Background = Background()
) -> list[Answer]:
    """Each question with its answer and all that can be said of it alone."""
    shares = copied([text for text, _ in replies], background.books)
    return [
        _scored(item, text, finished, part, background)
        for item, (text, finished), part in zip(items, replies, shares, strict=True)
    ]


def _scored(item: Item, text: str, finished: bool, part: float, background: Background) -> Answer:
    people = background.people
    outcome = grade(item, text, people) if item.accepted else None
    named = " ".join((item.answer, *item.accepted))
    strangers = people.strangers(text, item.question, named, item.book) if people else None
    return Answer(
        id=item.id,
        group=item.group,
        kind=item.kind,
        book=item.book,
        question=item.question,
        reference=item.answer,
        accepted=item.accepted,
        evidence=item.evidence,
        answer=text,
        finished=finished,
        outcome=outcome,
        correct=outcome == "right",
        contains=contains(text, item.accepted),
        exact=exact(text, item.accepted),
        character_f1=round(character_f1(text, item.answer), 4),
        rouge_l=round(rouge_l(text, item.answer), 4),
        wrong_book=None if strangers is None else tuple(strangers),
        loop=is_loop(text),
        garbage=is_garbage(text),
        copied=round(part, 4),
        nearest=_nearest(item, background),
    )


def _nearest(item: Item, background: Background) -> Nearest | None:
    """The baseline's answer: that of the training question most alike."""
    found = background.taught.nearest(item.question) if background.taught else None
    if found is None:
        return None
    record, similarity = found
    right = bool(item.accepted) and grade(item, record.answer, background.people) == "right"
    return Nearest(question=record.question, answer=record.answer, similarity=round(similarity, 4), correct=right)


def _with_likelihoods(
    checkpoint: Checkpoint,
    items: Sequence[Item],
    answers: Sequence[Answer],
    settings: EvalSettings,
    people: People | None,
) -> list[Answer]:
    """Add what the checkpoint finds likely to the answers of at most `settings.choice_questions` questions."""
    of_item = {id(item): answer for item, answer in zip(items, answers, strict=True)}
    choices = make_choices(items)
    for n in spread(len(choices), settings.choice_questions):
        key = id(choices[n].item)
        of_item[key] = of_item[key].model_copy(update={"choice": choose(checkpoint, choices[n])})
    asked = [item for item in items if people and people.wanted(item.accepted, item.book)]
    for n in spread(len(asked), settings.choice_questions):
        found = people and name_rank(checkpoint, asked[n], people, settings.name_candidates)
        if found:
            update = {"name_rank": found[0], "name_candidates": found[1]}
            of_item[id(asked[n])] = of_item[id(asked[n])].model_copy(update=update)
    return list(of_item.values())
