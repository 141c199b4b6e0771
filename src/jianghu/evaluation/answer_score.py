"""How many questions a model answers, while it is being trained: a run's checkpoint is chosen by it.

The loss on held-out facts rises while the taught ones are learned, and the loss on taught ones says little about other
words; so questions that the training records lack, about facts that they hold, decide (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..model import Checkpoint, Transformer
from ..recipe import EvalSettings
from ..records import Record
from ..tokenizer import Tokenizer
from .grading import grade
from .questions import item_of_record
from .run_exam import answer

ANSWER_TOKENS = 24
"""Read of each answer: it begins with its short answer."""


class AnswerScore:
    """The share of questions that a model answers right, 0 to 1; greedy, so that it is a function of the weights.

    Args:
        records: whose questions are asked; at least one.

    Attributes:
        noise: the largest standard error that a share of so many answers has; 0.035 for 200.
    """

    def __init__(self, records: Iterable[Record], tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.items = [item_of_record(record) for record in records]
        self.settings = EvalSettings(max_new_tokens=ANSWER_TOKENS)
        self.noise = 0.5 / max(1, len(self.items)) ** 0.5

    def __call__(self, model: Transformer) -> float:
        checkpoint = Checkpoint(Path(), model, self.tokenizer, {})
        right = 0
        for start in range(0, len(self.items), self.settings.batch_size):
            items = self.items[start : start + self.settings.batch_size]
            replies = answer(checkpoint, items, self.settings)
            right += sum(grade(item, text) == "right" for item, (text, _) in zip(items, replies, strict=True))
        return right / len(self.items)
