"""What a checkpoint finds likely, without writing a word: multiple choice, and the rank of the right name.

Checkpoint and items go in; shares and ranks come out. Each question is scored by itself, so that no result depends
on which questions are beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from ..chat import question, render
from ..dataset.batches import permutation
from ..generation import choice_loglikelihoods
from ..model import Checkpoint
from ..stats import share
from ..text import is_chinese
from .entities import People
from .questions import Item
from .results import Answer, ChoiceAnswer, ChoiceScores, NameScores

T = TypeVar("T")

OPTIONS = 4  # choices of a question that brings none: the right one and three others
NEUTRAL, NEUTRAL_ENGLISH = "请回答。", "Please answer."
"""The question after which an answer's prior is taken: how likely it is whatever was asked."""


@dataclass(frozen=True)
class Choice:
    """One multiple-choice question with its options in the order in which they are shown."""

    item: Item
    options: tuple[str, ...]
    right: int


def make_choices(items: Sequence[Item]) -> list[Choice]:
    """Multiple-choice questions of all items that bring options or can borrow them: the short answers of other
    questions of the same book and kind, else of the same book, that are not also right.

    Order and choice of the options follow from the item alone.
    """
    made = []
    by_kind: dict[tuple[str, str], list[str]] = {}
    by_book: dict[str, list[str]] = {}
    for item in items:
        if item.accepted and not item.silent:
            by_kind.setdefault((item.book, item.kind), []).append(item.accepted[0])
            by_book.setdefault(item.book, []).append(item.accepted[0])
    for item in items:
        if not item.accepted or (item.silent and not item.options):
            continue
        options = list(item.options)
        if not options:
            order = [item.accepted[0]]
            for pool in (by_kind.get((item.book, item.kind), []), by_book[item.book]):
                order += sorted(set(pool).difference(order, item.accepted), key=lambda text: _draw(item, text))
            options = order[:OPTIONS]
        if len(options) > 1:
            shown = sorted(options, key=lambda text: _draw(item, f"place of {text}"))
            made.append(Choice(item, tuple(shown), shown.index(options[0])))
    return made


def _draw(item: Item, text: str) -> bytes:
    return hashlib.sha256(f"{item.id}\n{item.question}\n{text}".encode()).digest()


def choose(checkpoint: Checkpoint, choice: Choice) -> ChoiceAnswer:
    """The options' number that each measure takes: the likeliest, the likeliest per character, and the one that the
    question made most likelier than it was (pointwise mutual information, Brown et al. 2020)."""
    scores = option_scores(checkpoint, choice.item.question, choice.options)
    prior = option_scores(checkpoint, NEUTRAL if is_chinese(choice.item.question) else NEUTRAL_ENGLISH, choice.options)
    values = {
        "raw": scores,
        "per_character": [score / len(option) for score, option in zip(scores, choice.options, strict=True)],
        "against_prior": [score - before for score, before in zip(scores, prior, strict=True)],
        "blind": prior,
    }
    picked = {name: max(range(len(own)), key=own.__getitem__) for name, own in values.items()}
    return ChoiceAnswer(options=choice.options, right=choice.right, **picked)


def option_scores(checkpoint: Checkpoint, text: str, options: Sequence[str]) -> list[float]:
    """Log-probability in nats of each option as the beginning of the answer to a question."""
    tokenizer = checkpoint.tokenizer
    prompt = render(tokenizer, question(text), prompt=True).ids
    return choice_loglikelihoods(checkpoint.model, prompt, tokenizer.encode_many(list(options)))


def choice_scores(answers: Sequence[Answer]) -> ChoiceScores | None:
    """Accuracies over the answers that hold a `choice`; None if none does.

    `blind` chooses without the question, by prior alone. `control` holds what `raw` chose against the right numbers
    of other questions.
    """
    taken = [answer.choice for answer in answers if answer.choice]
    if not taken:
        return None
    return ChoiceScores(
        questions=len(taken),
        chance=round(sum(1 / len(choice.options) for choice in taken) / len(taken), 4),
        raw=share([choice.raw == choice.right for choice in taken]),
        per_character=share([choice.per_character == choice.right for choice in taken]),
        against_prior=share([choice.against_prior == choice.right for choice in taken]),
        blind=share([choice.blind == choice.right for choice in taken]),
        control=share([one.raw == other.right for one, other in mixed(taken)]),
    )


def mixed(rows: Sequence[T]) -> list[tuple[T, T]]:
    """Each row with another one, by lot: what a control pairs."""
    order = [rows[n] for n in permutation(len(rows), 0)]
    return list(zip(order, order[1:] + order[:1], strict=True)) if len(rows) > 1 else []


def name_rank(checkpoint: Checkpoint, item: Item, people: People, most: int) -> tuple[int, int] | None:
    """The place of the right person, from 1, among how many: at most `most` persons, the most named ones of the book,
    all as beginnings of the answer; None if no person of the book is asked for.

    Persons whom the question names are no candidates. A person counts by the likeliest of the accepted forms.
    """
    name = people.wanted(item.accepted, item.book)
    if name is None:
        return None
    others = [other for other in people.ranked(item.book) if other != name.name and other not in item.question]
    others = others[: most - 1]
    right = [form for form in item.accepted if form in (name.name, *name.aliases)]
    scores = option_scores(checkpoint, item.question, [*right, *others])
    best = max(scores[: len(right)])
    return 1 + sum(score > best for score in scores[len(right) :]), 1 + len(others)


def name_scores(answers: Sequence[Answer]) -> NameScores | None:
    """Shares and means over the answers that hold a `name_rank`; None if none does."""
    ranks = [answer.name_rank for answer in answers if answer.name_rank]
    sizes = [answer.name_candidates for answer in answers if answer.name_candidates]
    if not ranks:
        return None
    return NameScores(
        questions=len(ranks),
        candidates=max(sizes),
        first=round(sum(rank == 1 for rank in ranks) / len(ranks), 4),
        in_ten=round(sum(rank <= 10 for rank in ranks) / len(ranks), 4),
        reciprocal=round(sum(1 / rank for rank in ranks) / len(ranks), 4),
        median=median(ranks),
        control=round(sum(sum(1 / rank for rank in range(1, size + 1)) / size for size in sizes) / len(sizes), 4),
    )
