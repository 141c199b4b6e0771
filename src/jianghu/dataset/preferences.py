"""Preference pairs: a question, the answer that is right, and a worse one. Rows of data/preferences/*.jsonl go in;
batches come out, each a pure function of (seed, number).

The two answers of a pair stand in one row, each behind the question and without seeing the other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from ..errors import InputError
from ..files import read_jsonl
from ..messages import tr
from ..recipe import PairSource
from ..records import Text
from ..stats import spread
from ..tokenizer import Tokenizer
from .batches import ALL, IGNORE, Batch, permutation
from .packing import pack
from .records import Encoded, Pair, encode_record


class PreferencePair(BaseModel):
    """One row of data/preferences/train.jsonl or val.jsonl.

    Attributes:
        id: unique among all pairs.
        fact: what is asked; a pair validates or trains with all others of its fact.
        source: where it comes from.
        rejected: the worse answer, as a checkpoint wrote it.
        ended: whether the worse answer ended by itself; if not, its end is no part of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Text
    fact: Text
    source: PairSource
    question: Text
    chosen: Text
    rejected: str
    ended: bool = True


Likelihoods = Mapping[str, tuple[float, float]]
"""Log-probabilities in nats that the reference model gives the right and the worse answer of each pair, by its id."""


def read_preferences(path: Path) -> list[PreferencePair]:
    """The pairs of a file.

    Raises:
        InputError: the file is missing, or a line of it is no pair.
    """
    pairs = []
    for number, row in enumerate(read_jsonl(path), 1):
        try:
            pairs.append(PreferencePair.model_validate(row))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "pair"
            raise InputError(
                tr(
                    "{path}, line {number}: {field}: {reason}. Make the pairs anew, or mend the line.",
                    path=path, number=number, field=field, reason=first["msg"],
                )
            ) from None  # fmt: skip
    return pairs


def read_likelihoods(path: Path) -> dict[str, tuple[float, float]]:
    """What the reference model gives, as the stage of preferences wrote it down.

    Raises:
        InputError: the file is missing, or a line of it lacks a number.
    """
    found = {}
    for number, row in enumerate(read_jsonl(path), 1):
        values = row.get("id"), row.get("chosen"), row.get("rejected")
        if not (isinstance(values[0], str) and isinstance(values[1], float) and isinstance(values[2], float)):
            raise InputError(tr("{path}, line {number}: id, chosen and rejected are needed.", path=path, number=number))
        found[values[0]] = values[1], values[2]
    return found


class EncodedPair(NamedTuple):
    """Both answers of a pair as ids, each with its question."""

    chosen: Encoded
    rejected: Encoded

    @property
    def length(self) -> int:
        """Tokens that the pair takes of a row."""
        return len(self.chosen.ids) + len(self.rejected.ids)


def encode_pair(tokenizer: Tokenizer, pair: PreferencePair) -> EncodedPair:
    """Inputs and targets of both answers; a worse answer that did not end has no end token as target."""
    chosen = encode_record(tokenizer, Pair(pair.question, pair.chosen, pair.fact))
    rejected = encode_record(tokenizer, Pair(pair.question, pair.rejected, pair.fact))
    if not pair.ended:
        rejected = rejected._replace(ids=rejected.ids[:-1], targets=rejected.targets[:-1])
    return EncodedPair(chosen, rejected)


class _Rows(NamedTuple):
    """Packed rows: ids, targets, segments and positions, each (rows, block_size); references (rows, pairs, 2); pairs
    of each row; characters of their right answers."""

    tensors: list[Tensor]
    references: Tensor
    counts: np.ndarray
    characters: np.ndarray


class PreferenceBatches:
    """Packed rows of preference pairs, in another order each epoch.

    Args:
        train, val: the pairs.
        references: of every pair, what the reference model gives.

    Attributes:
        too_long: pairs left out because they do not fit in block_size.

    Raises:
        InputError: there is no pair to train on, or none to validate with; or the reference of one is missing.
    """

    def __init__(
        self,
        train: Sequence[PreferencePair],
        val: Sequence[PreferencePair],
        references: Likelihoods,
        tokenizer: Tokenizer,
        batch_size: int,
        block_size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.tokenizer, self.batch_size, self.block_size = tokenizer, batch_size, block_size
        self.seed, self.device, self.too_long = seed, device, 0
        # Shuffled before packing, so that neighbours in the file share no row by habit.
        order = permutation(len(train), seed, 0, 7).tolist()
        self._train = self._rows([train[n] for n in order], references, tr("training"))
        self._val = self._rows(val, references, tr("validation"))
        self._order = lru_cache(maxsize=2)(lambda epoch: permutation(len(self._train.counts), seed, epoch))
        self.batches_per_epoch = len(self._train.counts) / batch_size
        self.characters_per_target = float(self._train.characters.sum() / self._train.counts.sum())

    def _rows(self, pairs: Sequence[PreferencePair], references: Likelihoods, what: str) -> _Rows:
        encoded = [(pair, encode_pair(self.tokenizer, pair)) for pair in pairs]
        fitting = [(pair, ids) for pair, ids in encoded if ids.length <= self.block_size]
        self.too_long += len(encoded) - len(fitting)
        if not fitting:
            raise InputError(
                tr(
                    "no preference pairs for {what}: none of {count} fits in block_size {block_size}. Raise "
                    "[dpo] block_size, or make more pairs.",
                    what=what, count=len(pairs), block_size=self.block_size,
                )
            )  # fmt: skip
        if missing := [pair.id for pair, _ in fitting if pair.id not in references]:
            raise InputError(
                tr("the reference likelihoods of pair {id} are missing. Make the pairs anew.", id=missing[0])
            )
        packed = pack([ids.length for _, ids in fitting], self.block_size, [pair.fact for pair, _ in fitting])
        shape, most = (len(packed), self.block_size), max(map(len, packed))
        ids, targets = np.zeros(shape, np.int32), np.full(shape, IGNORE, np.int32)
        segments, positions = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        given = np.full((len(packed), most, 2), np.nan, np.float32)
        characters = np.zeros(len(packed), np.int64)
        for row, members in enumerate(packed):
            start = 0
            for place, member in enumerate(members):
                pair, both = fitting[member]
                given[row, place] = references[pair.id]
                scored = [target for target in both.chosen.targets if target != IGNORE]
                characters[row] += int(self.tokenizer.chars_per_token[scored].sum())
                for number, answer in enumerate(both, 2 * place + 1):
                    span = slice(start, start + len(answer.ids))
                    ids[row, span], targets[row, span] = answer.ids, answer.targets
                    segments[row, span], positions[row, span] = number, np.arange(len(answer.ids))
                    start += len(answer.ids)
        tensors = [torch.from_numpy(part).to(self.device) for part in (ids, targets, segments, positions)]
        counts = np.array([len(members) for members in packed])
        return _Rows(tensors, torch.from_numpy(given).to(self.device), counts, characters)

    def batch(self, number: int, rows: slice = ALL) -> Batch:
        """See `BatchSource`."""
        chosen = []
        for n in range(number * self.batch_size, (number + 1) * self.batch_size):
            epoch, place = divmod(n, len(self._train.counts))
            chosen.append(int(self._order(epoch)[place]))
        return self._taken(self._train, chosen, rows)

    def validation(self, most_rows: int) -> list[Batch]:
        """See `BatchSource`."""
        taken = spread(len(self._val.counts), most_rows)
        return [
            self._taken(self._val, taken[at : at + self.batch_size]) for at in range(0, len(taken), self.batch_size)
        ]

    def _taken(self, source: _Rows, chosen: Sequence[int], rows: slice = ALL) -> Batch:
        count, characters = int(source.counts[chosen].sum()), int(source.characters[chosen].sum())
        index = torch.tensor(chosen[rows], dtype=torch.int64).to(self.device, non_blocking=True)
        ids, targets, segments, positions = (tensor[index].long() for tensor in source.tensors)
        return Batch(ids, targets, count, segments, positions, characters, source.references[index])
