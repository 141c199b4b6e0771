"""Takes an exam: a checkpoint answers every question closed-book and greedily, and each answer is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..chat import question, render
from ..dataset.batches import spread
from ..generation import Sampling, generate
from ..model import Checkpoint
from ..recipe import EvalSettings
from .contamination import Taught
from .degeneration import copied, is_garbage, is_loop
from .entities import People
from .grading import contains, exact, grade
from .metrics import character_f1, rouge_l
from .multiple_choice import choice_scores, choose, make_choices, name_rank, name_scores
from .questions import Item
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
) -> dict[str, Any]:
    """Answer and score.

    Returns:
        {"scores": over all, "groups": {group: scores}, "choices", "names", "shuffled", "answers": one row a question},
        as docs/evaluation.md describes them. `settings.batch_size` changes none of it.
    """
    if settings.limit:
        items = [items[n] for n in spread(len(items), settings.limit)]
    replies: list[Reply] = []
    for at in range(0, len(items), settings.batch_size):
        replies += answer(checkpoint, items[at : at + settings.batch_size], settings)
        on_progress(len(replies))
    rows = score_answers(items, replies, background)
    _choose(checkpoint, items, rows, settings, background.people)
    groups = dict.fromkeys(item.group for item in items)
    return {
        "scores": mean_scores(rows),
        "groups": {group: mean_scores([row for row in rows if row["group"] == group]) for group in groups},
        "choices": choice_scores(rows),
        "names": name_scores(rows),
        "shuffled": shuffled(rows),
        "answers": rows,
    }


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
) -> list[dict[str, Any]]:
    """A row for each question with its answer and all that a score can say of it alone."""
    shares = copied([text for text, _ in replies], background.books)
    return [
        {**_about(item), "answer": text, "finished": done, **_score(item, text, background), "copied": round(part, 4)}
        for item, (text, done), part in zip(items, replies, shares, strict=True)
    ]


def _about(item: Item) -> dict[str, Any]:
    names = ("id", "group", "kind", "book", "question")
    about = {name: getattr(item, name) for name in names}
    return {**about, "reference": item.answer, "accepted": list(item.accepted), "evidence": item.evidence}


def _score(item: Item, text: str, background: Background) -> dict[str, Any]:
    people = background.people
    outcome = grade(item, text, people) if item.accepted else None
    return {
        "outcome": outcome,
        "correct": outcome == "right",
        "contains": contains(text, item.accepted),
        "exact": exact(text, item.accepted),
        "character_f1": round(character_f1(text, item.answer), 4),
        "rouge_l": round(rouge_l(text, item.answer), 4),
        "wrong_book": people.strangers(text, item.question, " ".join((item.answer, *item.accepted)), item.book)
        if people
        else None,
        "loop": is_loop(text),
        "garbage": is_garbage(text),
        "nearest": _nearest(item, background),
    }


def _nearest(item: Item, background: Background) -> dict[str, Any] | None:
    """The baseline's answer: that of the training question most alike."""
    found = background.taught.nearest(item.question) if background.taught else None
    if found is None:
        return None
    row, similarity = found
    right = bool(item.accepted) and grade(item, row["answer"], background.people) == "right"
    told = {"question": row["question"], "answer": row["answer"]}
    return {**told, "similarity": round(similarity, 4), "correct": right}


def _choose(
    checkpoint: Checkpoint,
    items: Sequence[Item],
    rows: list[dict[str, Any]],
    settings: EvalSettings,
    people: People | None,
) -> None:
    """Add what the checkpoint finds likely to the rows of at most `settings.choice_questions` questions."""
    row_of = {id(item): row for item, row in zip(items, rows, strict=True)}
    choices = make_choices(items)
    for n in spread(len(choices), settings.choice_questions):
        row_of[id(choices[n].item)]["choice"] = choose(checkpoint, choices[n])
    asked = [item for item in items if people and people.wanted(item.accepted, item.book)]
    for n in spread(len(asked), settings.choice_questions):
        found = people and name_rank(checkpoint, asked[n], people, settings.name_candidates)
        if found:
            row_of[id(asked[n])] |= dict(zip(("name_rank", "name_candidates"), found, strict=True))
