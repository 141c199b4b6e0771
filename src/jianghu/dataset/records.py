"""Batches of question-answer records. Whole records only, several in a row without seeing each other,
loss on the answers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from ..chat import Message, render
from ..errors import InputError
from ..files import read_jsonl
from ..tokenizer import Tokenizer
from .batches import ALL, IGNORE, Batch, permutation, spread


@dataclass(frozen=True)
class Pair:
    """A question and its answer, as they stand in data/records/*.jsonl; `fact` is shared by those that ask the same."""

    question: str
    answer: str
    fact: str = ""


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
        pairs.append(Pair(question, answer, str(row.get("fact") or "")))
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


def pack(lengths: Sequence[int], block_size: int, facts: Sequence[str] | None = None) -> list[list[int]]:
    """Put records into rows of block_size tokens, none cut: best fit, longest first (Johnson 1973).

    Args:
        lengths: tokens of each record, each at most block_size.
        facts: what each record is about; a row holds no fact twice. "" is about nothing in particular.

    Returns:
        For each row the indices of its records.
    """
    rows: list[list[int]] = []
    held: list[set[str]] = []
    by_room: list[list[int]] = [[] for _ in range(block_size + 1)]
    free = 0  # bit r is set if some row has room for r tokens, so that the best fit is found at once
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        length, fact = lengths[index], facts[index] if facts else ""
        room, place = _best_fit(by_room, free >> length << length, held, fact)
        if place is None:
            rows.append([])
            held.append(set())
            row, room = len(rows) - 1, block_size
        else:
            row = by_room[room].pop(place)
            if not by_room[room]:
                free ^= 1 << room
        rows[row].append(index)
        held[row] |= {fact} - {""}
        by_room[room - length].append(row)
        free |= 1 << room - length
    return rows


def _best_fit(by_room: list[list[int]], free: int, held: list[set[str]], fact: str) -> tuple[int, int | None]:
    """The least room among the bits of `free` with a row that does not hold the fact, and that row's place in it."""
    while free:
        room = (free & -free).bit_length() - 1
        for place in range(len(by_room[room]) - 1, -1, -1):
            if fact not in held[by_room[room][place]]:
                return room, place
        free &= free - 1
    return 0, None


class _Encoded(NamedTuple):
    ids: list[int]
    targets: list[int]
    fact: str


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
        # Shuffled before packing, so that neighbours in the file share no row by habit.
        order = permutation(len(self._train), seed, 0, 7).tolist()
        self._train = [self._train[i] for i in order]
        self.rows = self._pack(self._train)
        self.useful = sum(len(record.ids) for record in self._train) / (len(self.rows) * block_size)
        self.batches_per_epoch = len(self.rows) / batch_size
        self._packed = self._collate(self._train, self.rows)
        scored = self._packed[1]
        self._counts = (scored != IGNORE).sum(axis=1)
        self.characters_per_target = float(tokenizer.chars_per_token[scored[scored != IGNORE]].mean())
        self._tensors = [torch.from_numpy(part).to(device) for part in self._packed]
        self._order = lru_cache(maxsize=2)(lambda epoch: permutation(len(self.rows), seed, epoch))

    def _encode(self, records: Sequence[Pair]) -> list[_Encoded]:
        encoded = [_Encoded(*encode_record(self.tokenizer, record), record.fact) for record in records]
        fitting = [record for record in encoded if len(record.ids) <= self.block_size]
        self.too_long += len(encoded) - len(fitting)
        return fitting

    def _pack(self, records: list[_Encoded]) -> list[list[int]]:
        return pack([len(record.ids) for record in records], self.block_size, [record.fact for record in records])

    def batch(self, number: int, rows: slice = ALL) -> Batch:
        """See `BatchSource`."""
        chosen = np.empty(self.batch_size, np.int64)
        for n in range(self.batch_size):
            epoch, place = divmod(number * self.batch_size + n, len(self.rows))
            chosen[n] = self._order(epoch)[place]
        own = torch.from_numpy(chosen[rows]).to(self.device, non_blocking=True)
        ids, targets, segments, positions = (part[own].long() for part in self._tensors)
        return Batch(ids, targets, int(self._counts[chosen].sum()), segments, positions)

    def _collate(self, records: list[_Encoded], rows: list[list[int]]) -> list[np.ndarray]:
        """Ids, targets, segments and positions of packed rows, each (rows, block_size)."""
        shape = (len(rows), self.block_size)
        ids, targets = np.zeros(shape, np.int32), np.full(shape, IGNORE, np.int32)
        segments, positions = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for row, indices in enumerate(rows):
            at = 0
            for number, record in enumerate((records[i] for i in indices), 1):
                here = slice(at, at + len(record.ids))
                ids[row, here], targets[row, here] = record.ids, record.targets
                segments[row, here], positions[row, here] = number, np.arange(len(record.ids))
                at += len(record.ids)
        return [ids, targets, segments, positions]

    def validation(self, most_rows: int) -> list[Batch]:
        """See `BatchSource`."""
        packed = self._pack(self._val)
        arrays = self._collate(self._val, [packed[n] for n in spread(len(packed), most_rows)])
        batches = []
        for at in range(0, len(arrays[0]), self.batch_size):
            part = [array[at : at + self.batch_size] for array in arrays]
            scored = part[1][part[1] != IGNORE]
            ids, targets, segments, positions = (torch.from_numpy(array).to(self.device).long() for array in part)
            characters = int(self.tokenizer.chars_per_token[scored].sum())
            batches.append(Batch(ids, targets, len(scored), segments, positions, characters))
        return batches
