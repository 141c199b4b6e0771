"""Batches of question-answer records. Whole records only, several in a row without seeing each other,
loss on the answers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from ..chat import Message, render
from ..errors import InputError
from ..files import read_jsonl
from ..tokenizer import Tokenizer
from .batches import IGNORE, Batch, permutation, spread


@dataclass(frozen=True)
class Pair:
    """A question and its answer, as they stand in data/records/*.jsonl."""

    question: str
    answer: str


def read_pairs(path: Path) -> list[Pair]:
    """The questions and answers of a file of records.

    Raises:
        InputError: the file is missing, or a line of it is no record.
    """
    pairs = []
    for number, row in enumerate(read_jsonl(path), 1):
        question, answer = row.get("question"), row.get("answer")
        if not isinstance(question, str) or not isinstance(answer, str) or not question or not answer:
            raise InputError(f"{path}, record {number}: question and answer must both be texts.")
        pairs.append(Pair(question, answer))
    return pairs


def encode_record(tokenizer: Tokenizer, record: Pair) -> tuple[list[int], list[int]]:
    """Inputs and targets of one record, of equal length; a target is -100 outside the answer and its end token."""
    messages: list[Message] = [
        {"role": "user", "content": record.question},
        {"role": "assistant", "content": record.answer},
    ]
    rendered = render(tokenizer, messages)
    (start, end) = rendered.spans[-1]
    targets = [IGNORE] * (start - 1) + rendered.ids[start:end]
    return rendered.ids[: end - 1], targets


def pack(lengths: Sequence[int], block_size: int) -> list[list[int]]:
    """Put records into rows of block_size tokens, none cut: best fit, longest first (Johnson 1973).

    Args:
        lengths: tokens of each record, each at most block_size.

    Returns:
        For each row the indices of its records.
    """
    rows: list[list[int]] = []
    by_room: list[list[int]] = [[] for _ in range(block_size + 1)]
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        length = lengths[index]
        room = next((r for r in range(length, block_size + 1) if by_room[r]), None)
        if room is None:
            rows.append([])
            row, room = len(rows) - 1, block_size
        else:
            row = by_room[room].pop()
        rows[row].append(index)
        by_room[room - length].append(row)
    return rows


class RecordBatches:
    """Packed rows of records; batch n is a pure function of (seed, n).

    Rows are packed once and shuffled anew each epoch: records in a row do not see each other, so who shares
    a row with whom does not matter.

    Attributes:
        too_long: records left out because they do not fit in block_size.
        useful: share of the rows' tokens that are records, the rest being padding.

    Raises:
        InputError: there is no record to train on, or none to validate with.
    """

    def __init__(
        self,
        train: Sequence[Pair],
        val: Sequence[Pair],
        tokenizer: Tokenizer,
        batch_size: int,
        block_size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.tokenizer, self.batch_size, self.block_size = tokenizer, batch_size, block_size
        self.seed, self.device = seed, device
        self.too_long = 0
        self._train = self._encode(train)
        self._val = self._encode(val)
        for name, encoded, given in (("training", self._train, train), ("validation", self._val, val)):
            if not encoded:
                why = f"none of {len(given)} fits in block_size {block_size}" if given else "there are none"
                raise InputError(
                    f"no records for {name}: {why}. Make records with `jianghu synth run`, or raise block_size."
                )
        # Shuffled before packing, so that records of one fact, neighbours in the file, share no row by habit.
        order = permutation(len(self._train), seed, 0, 7).tolist()
        self._train = [self._train[i] for i in order]
        self.rows = pack([len(ids) for ids, _ in self._train], block_size)
        self.useful = sum(len(ids) for ids, _ in self._train) / (len(self.rows) * block_size)
        self.batches_per_epoch = len(self.rows) / batch_size
        self._order = lru_cache(maxsize=2)(lambda epoch: permutation(len(self.rows), seed, epoch))

    def _encode(self, records: Sequence[Pair]) -> list[tuple[list[int], list[int]]]:
        encoded = [encode_record(self.tokenizer, record) for record in records]
        fitting = [pair for pair in encoded if len(pair[0]) <= self.block_size]
        self.too_long += len(encoded) - len(fitting)
        return fitting

    def batch(self, number: int) -> Batch:
        rows = []
        for row in range(number * self.batch_size, (number + 1) * self.batch_size):
            epoch, place = divmod(row, len(self.rows))
            rows.append([self._train[i] for i in self.rows[self._order(epoch)[place]]])
        return self._collate(rows)

    def _collate(self, rows: list[list[tuple[list[int], list[int]]]]) -> Batch:
        shape = (len(rows), self.block_size)
        ids, positions = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        targets, segments = np.full(shape, IGNORE, np.int64), np.zeros(shape, np.int64)
        for row, records in enumerate(rows):
            at = 0
            for number, (inputs, wanted) in enumerate(records, 1):
                here = slice(at, at + len(inputs))
                ids[row, here], targets[row, here] = inputs, wanted
                segments[row, here], positions[row, here] = number, np.arange(len(inputs))
                at += len(inputs)
        scored = targets[targets != IGNORE]
        tensors = [torch.from_numpy(a).to(self.device) for a in (ids, targets, segments, positions)]
        characters = int(self.tokenizer.chars_per_token[scored].sum())
        return Batch(tensors[0], tensors[1], len(scored), tensors[2], tensors[3], characters)

    def validation(self, most_rows: int) -> list[Batch]:
        packed = pack([len(ids) for ids, _ in self._val], self.block_size)
        rows = [[self._val[i] for i in packed[n]] for n in spread(len(packed), most_rows)]
        return [self._collate(rows[at : at + self.batch_size]) for at in range(0, len(rows), self.batch_size)]
