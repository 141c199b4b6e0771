"""Batches of question-answer records. Whole records only, several in a row without seeing each other,
loss on the answers alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..chat import Message, render
from ..errors import InputError
from ..files import read_jsonl
from ..messages import tr
from ..recipe import QuestionNoise
from ..stats import spread
from ..text import normalise
from ..tokenizer import Tokenizer
from .batches import ALL, IGNORE, Batch, permutation
from .packing import pack
from .question_noise import QuestionNoiser


@dataclass(frozen=True)
class Pair:
    """A question and its answer, as they stand in data/records/*.jsonl.

    Attributes:
        fact: shared by the questions that ask the same.
        short_answer: what the answer begins with, and what alone is certain in it; "" where it is not known.
    """

    question: str
    answer: str
    fact: str = ""
    short_answer: str = ""


def read_pairs(path: Path) -> list[Pair]:
    """The questions and answers of a file of records.

    Raises:
        InputError: the file is missing, or a line of it is no record.
    """
    pairs = []
    for number, row in enumerate(read_jsonl(path), 1):
        question, answer = row.get("question"), row.get("answer")
        if not isinstance(question, str) or not isinstance(answer, str) or not question or not answer:
            raise InputError(
                tr("{path}, record {number}: question and answer must both be texts.", path=path, number=number)
            )
        pairs.append(Pair(question, answer, str(row.get("fact") or ""), str(row.get("short_answer") or "")))
    return pairs


class Encoded(NamedTuple):
    """A record as ids: `ids` are what the model reads, `targets` what it is to write, -100 outside the answer and its
    end token; the two are of equal length. `question` is the span of the question in `ids`."""

    ids: list[int]
    targets: list[int]
    fact: str
    question: tuple[int, int]


def encode_record(tokenizer: Tokenizer, record: Pair) -> Encoded:
    """Inputs and targets of one record."""
    messages: list[Message] = [
        {"role": "user", "content": record.question},
        {"role": "assistant", "content": record.answer},
    ]
    rendered = render(tokenizer, messages)
    (start, end) = rendered.spans[-1]
    targets = [IGNORE] * (start - 1) + rendered.ids[start:end]
    first = rendered.ids.index(tokenizer.im_start) + 1 + len(tokenizer.encode("user\n"))
    last = rendered.ids.index(tokenizer.im_end)
    return Encoded(rendered.ids[: end - 1], targets, record.fact, (first, last))


class _Epoch(NamedTuple):
    """The packed rows of one epoch: ids, targets, segments and positions, each (rows, block_size); the number of
    targets in each row; the order in which the rows come."""

    tensors: list[Tensor]
    counts: np.ndarray
    order: np.ndarray


class RecordBatches:
    """Packed rows of records; batch n is a pure function of (seed, n).

    Args:
        noise: draws other forms of the training questions.
        short_answers: share of the training answers that are cut to their short answer, another part in each epoch.

    Without either rows are packed once and shuffled anew each epoch: records in a row do not see each other,
    so who shares a row with whom does not matter. With it every epoch draws its questions from (seed, epoch) and packs
    them; a resumed run draws the epochs before it once more, only to know how many rows they had.

    Attributes:
        too_long: records left out because they do not fit in block_size.
        useful: share of the rows' tokens that are records, the rest being padding (first epoch).

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
        noise: QuestionNoise | None = None,
        short_answers: float = 0.0,
    ) -> None:
        self.tokenizer, self.batch_size, self.block_size = tokenizer, batch_size, block_size
        self.seed, self.device = seed, device
        self.too_long = 0
        pairs, encoded = self._encode(train)
        _, self._val = self._encode(val)
        for name, part, given in (("training", encoded, train), ("validation", self._val, val)):
            if not part:
                why = f"none of {len(given)} fits in block_size {block_size}" if given else "there are none"
                raise InputError(
                    tr(
                        "no records for {name}: {why}. Make records with `{jianghu} synth run`, or raise block_size.",
                        name=name,
                        why=why,
                    )
                )
        # Shuffled before packing, so that neighbours in the file share no row by habit.
        order = permutation(len(encoded), seed, 0, 7).tolist()
        self._pairs, self._train = [pairs[i] for i in order], [encoded[i] for i in order]
        self._noiser = make_noiser(noise, self._pairs) if noise and noise.share else None
        self._short = [self._cut(pair) for pair in self._pairs] if short_answers else []
        self._short_answers = short_answers
        self._varies = self._noiser is not None or bool(self._short)
        self._sizes: list[int] = []  # rows of each epoch, as far as they are known
        self._drawn = lru_cache(maxsize=2)(self._draw)
        self._epoch = lru_cache(maxsize=2)(self._make_epoch)
        first = self._drawn(0)
        rows = self._rows(0)
        self.useful = sum(len(record.ids) for record in first) / (rows * block_size)
        self.batches_per_epoch = rows / batch_size
        scored = np.array([target for record in first for target in record.targets if target != IGNORE])
        self.characters_per_target = float(tokenizer.chars_per_token[scored].mean())

    def _encode(self, records: Sequence[Pair]) -> tuple[list[Pair], list[Encoded]]:
        encoded = [encode_record(self.tokenizer, record) for record in records]
        fitting = [n for n, record in enumerate(encoded) if len(record.ids) <= self.block_size]
        self.too_long += len(encoded) - len(fitting)
        return [records[n] for n in fitting], [encoded[n] for n in fitting]

    def _cut(self, pair: Pair) -> Encoded | None:
        """The record with its short answer alone; None where that is not known."""
        if not pair.short_answer:
            return None
        end = "" if pair.short_answer[-1] in "。！？.!?" else "." if pair.short_answer.isascii() else "。"
        return encode_record(self.tokenizer, replace(pair, answer=pair.short_answer + end))

    def _draw(self, epoch: int) -> list[Encoded]:
        """The records of an epoch, with the questions and answers that it draws."""
        if not self._varies:
            return self._train
        dice = np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, epoch, 13])))
        records = self._train
        if self._short:
            cut = dice.random(len(records)) < self._short_answers
            records = [
                (short or whole) if yes else whole for whole, short, yes in zip(records, self._short, cut, strict=True)
            ]
        if self._noiser is None:
            return records
        questions = [self._noiser.draw(pair.question, pair.fact, dice).strip() for pair in self._pairs]
        encoded = self.tokenizer.encode_many(questions)
        return [_with_question(record, ids, self.block_size) for record, ids in zip(records, encoded, strict=True)]

    def _pack(self, records: Sequence[Encoded]) -> list[list[int]]:
        return pack([len(record.ids) for record in records], self.block_size, [record.fact for record in records])

    def _rows(self, epoch: int) -> int:
        """How many rows an epoch has."""
        while len(self._sizes) <= epoch:
            known = self._sizes and not self._varies
            self._sizes.append(self._sizes[0] if known else len(self._pack(self._drawn(len(self._sizes)))))
        return self._sizes[epoch]

    def _make_epoch(self, epoch: int) -> _Epoch:
        records = self._drawn(epoch)
        if not self._varies and epoch > 0:
            packed = self._epoch(0)
            return packed._replace(order=permutation(self._rows(0), self.seed, epoch))
        arrays = self._collate(records, self._pack(records))
        tensors = [torch.from_numpy(part).to(self.device) for part in arrays]
        counts = (arrays[1] != IGNORE).sum(axis=1)
        return _Epoch(tensors, counts, permutation(len(counts), self.seed, epoch))

    def _place(self, row: int) -> tuple[int, int]:
        """The epoch of a row, counted from 0 over the whole run, and its number in that epoch."""
        while not self._sizes or sum(self._sizes) <= row:
            self._rows(len(self._sizes))
        ends = list(accumulate(self._sizes))
        epoch = bisect_right(ends, row)
        return epoch, row - (ends[epoch - 1] if epoch else 0)

    def batch(self, number: int, rows: slice = ALL) -> Batch:
        """See `BatchSource`."""
        chosen = []
        for n in range(number * self.batch_size, (number + 1) * self.batch_size):
            epoch, place = self._place(n)
            chosen.append((epoch, int(self._epoch(epoch).order[place])))
        count = sum(int(self._epoch(epoch).counts[row]) for epoch, row in chosen)
        parts: list[list[Tensor]] = []
        for epoch in sorted({epoch for epoch, _ in chosen[rows]}):
            index = torch.tensor([row for other, row in chosen[rows] if other == epoch])
            index = index.to(self.device, non_blocking=True)
            parts.append([tensor[index].long() for tensor in self._epoch(epoch).tensors])
        ids, targets, segments, positions = (torch.cat(columns) for columns in zip(*parts, strict=True))
        return Batch(ids, targets, count, segments, positions)

    def _collate(self, records: Sequence[Encoded], rows: list[list[int]]) -> list[np.ndarray]:
        """Ids, targets, segments and positions of packed rows, each (rows, block_size)."""
        shape = (len(rows), self.block_size)
        ids, targets = np.zeros(shape, np.int32), np.full(shape, IGNORE, np.int32)
        segments, positions = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for row, indices in enumerate(rows):
            start = 0
            for number, record in enumerate((records[i] for i in indices), 1):
                span = slice(start, start + len(record.ids))
                ids[row, span], targets[row, span] = record.ids, record.targets
                segments[row, span], positions[row, span] = number, np.arange(len(record.ids))
                start += len(record.ids)
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


def _with_question(record: Encoded, question: list[int], block_size: int) -> Encoded:
    """The record behind another question; the record as it is if that would not fit in a row."""
    start, end = record.question
    grown = len(question) - (end - start)
    if len(record.ids) + grown > block_size:
        return record
    targets = [IGNORE] * (end + grown) + record.targets[end:]
    return Encoded(record.ids[:start] + question + record.ids[end:], targets, record.fact, (start, end + grown))


def make_noiser(noise: QuestionNoise, pairs: Sequence[Pair]) -> QuestionNoiser:
    """A noiser that keeps whole what the records give as answers, and never asks one fact in another one's words."""
    answers: dict[str, set[str]] = {}
    for pair in pairs:
        answers.setdefault(normalise(pair.question), set()).add(pair.fact)
    return QuestionNoiser(noise, {pair.short_answer for pair in pairs}, answers)
