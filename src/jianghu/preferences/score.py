"""By what the checkpoint of a preference run is chosen: what the exam measures, on questions that choose and are never
examined. A model goes in, a number comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..evaluation import Item, People, answer, grade, is_loop, item_of_record
from ..model import Checkpoint, Transformer
from ..recipe import EvalSettings
from ..records import Record
from ..tokenizer import Tokenizer


class PreferenceScore:
    """The mean of two shares, 0 to 1: taught facts answered right in words that are kept from training, and questions
    about what the book does not tell answered so. An answer that goes in circles, or that names somebody of another
    book, is not right. Greedy, so that it is a function of the weights.

    A model that has lost too many of the taught answers gets less than 0, the lower the more it lost.

    Args:
        taught: records of data/records/val_paraphrase.jsonl.
        outside: questions of validation facts to which the book has no answer.
        people: who belongs to which book; None: not asked.
        reference: the model from which the run began, in evaluation mode.
        keep: the least share of its right answers to taught facts that must be left; what chance alone may take from
            so many questions, one standard error, is allowed besides.

    Attributes:
        noise: 0: of equal checkpoints the first one is kept, which has moved least from where it began.
    """

    def __init__(
        self,
        taught: Sequence[Record],
        outside: Sequence[Record],
        tokenizer: Tokenizer,
        settings: EvalSettings,
        reference: Transformer,
        keep: float,
        people: People | None = None,
    ) -> None:
        self.tokenizer, self.settings, self.people = tokenizer, settings, people
        self.taught, self.outside = ([item_of_record(record) for record in part] for part in (taught, outside))
        known = self._share(reference, self.taught) if self.taught else 0.0
        self.least = keep * known - (known * (1 - known) / max(1, len(self.taught))) ** 0.5
        self.noise = 0.0

    def __call__(self, model: Transformer) -> float:
        parts = [self._share(model, items) for items in (self.taught, self.outside) if items]
        if self.taught and parts[0] < self.least:
            return parts[0] - self.least - 1e-9
        return sum(parts) / len(parts)

    def _share(self, model: Transformer, items: list[Item]) -> float:
        checkpoint, good = Checkpoint(Path(), model, self.tokenizer, {}), 0
        for start in range(0, len(items), self.settings.batch_size):
            part = items[start : start + self.settings.batch_size]
            for item, (text, _) in zip(part, answer(checkpoint, part, self.settings), strict=True):
                good += (
                    grade(item, text, self.people) == "right" and not is_loop(text) and not self._strange(item, text)
                )
        return good / len(items)

    def _strange(self, item: Item, text: str) -> bool:
        if self.people is None:
            return False
        return bool(self.people.strangers(text, item.question, " ".join((item.answer, *item.accepted)), item.book))
