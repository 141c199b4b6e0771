"""Batches of running text. Batch n is a pure function of (seed, n): resume needs no state, and no loader process.

Every token is a target exactly once in each epoch, and each epoch cuts the text at other places. Other texts can be
mixed in, row by row, by shares that hold over any stretch of the run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..messages import tr
from ..stats import spread
from .tokens import TokenData

IGNORE = -100
"""Targets that carry no loss."""


@dataclass(frozen=True)
class Batch:
    """Rows for the model: all int64 (B, T). `targets` is -100 where there is no loss.

    `count` is the number of targets with loss, of the whole batch even where a process holds only some of its
    rows; `characters` is how many characters they begin (validation only). Both are plain numbers, so that a GPU
    is never asked for them. `part` names the part of the validation text that the rows are of, where it is told apart.

    With preference pairs `count` is the number of pairs, and segments 2n + 1 and 2n + 2 of a row are the right and the
    worse answer of its pair n; `references` (B, pairs of a row, 2) is how likely the reference model finds them, in
    nats, and NaN where a row has fewer pairs.
    """

    ids: Tensor
    targets: Tensor
    count: int
    segments: Tensor | None = None
    positions: Tensor | None = None
    characters: int = 0
    references: Tensor | None = None
    part: str = ""


ALL = slice(None)


class BatchSource(Protocol):
    """What a trainer needs of its data; `characters_per_target` turns a training loss into bits per character."""

    batches_per_epoch: float
    characters_per_target: float

    def batch(self, number: int, rows: slice = ALL) -> Batch:
        """These rows of micro-batch `number`, counted from 0 over the whole run."""

    def validation(self, most_rows: int) -> list[Batch]:
        """Batches of at most `most_rows` rows in all, always the same, spread over the whole validation part."""


def permutation(size: int, *key: int) -> np.ndarray:
    """A random order of range(size), a pure function of the key."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(list(key)))).permutation(size)


class Ring:
    """Ids taken as a ring. Epoch e turns it by a random shift, cuts it into windows of block_size targets and
    shuffles them; the last window is filled up with targets that carry no loss.
    """

    def __init__(self, size: int, block_size: int, seed: int) -> None:
        self.size, self.block_size, self.seed = size, block_size, seed
        self.windows = -(-size // block_size)
        self._epoch = lru_cache(maxsize=2)(self._plan_epoch)

    def _plan_epoch(self, epoch: int) -> tuple[int, np.ndarray]:
        """Shift of the ring, and order of the windows."""
        shift = int(np.random.default_rng([self.seed, epoch, 1]).integers(self.size))
        return shift, permutation(self.windows, self.seed, epoch)

    def window(self, number: int) -> tuple[int, int]:
        """Start and length of window `number`, counted over all epochs; what runs over the end goes on at 0."""
        epoch, place = divmod(number, self.windows)
        shift, order = self._epoch(epoch)
        first = int(order[place]) * self.block_size
        return shift + first, min(self.block_size, self.size - first)


PERIOD = 1000
"""Rows after which a mixture repeats its order: shares are kept to a thousandth."""


def weave(shares: Sequence[float]) -> np.ndarray:
    """Which source each row of a period comes from: 0 for the one that takes what is left, then the others.

    Each source's rows stand as evenly as they can, so that any stretch of rows has the shares to within a row.
    """
    counts = [round(share * PERIOD) for share in shares]
    counts = [PERIOD - sum(counts), *counts]
    places = [((n + 0.5) / count, source) for source, count in enumerate(counts) for n in range(count)]
    return np.array([source for _, source in sorted(places)])


class PretrainBatches:
    """Windows of the shelf's running text, and of other texts where a mixture asks for them.

    Args:
        chars_per_token: characters that begin in each token of the vocabulary.
        mixture: share of the rows → ids of another text; the books take the rest.
        known: titles of books that the model has read before. Where there are others beside them, those others are what
            an epoch goes through, and validation is told apart.
        replay: share of the books' rows that the known ones have then.

    Raises:
        InputError: the text is shorter than one window.
    """

    def __init__(
        self,
        data: TokenData,
        chars_per_token: np.ndarray,
        batch_size: int,
        block_size: int,
        seed: int,
        device: torch.device,
        mixture: Sequence[tuple[float, np.ndarray]] = (),
        known: Collection[str] = (),
        replay: float = 0.0,
    ) -> None:
        texts = [np.asarray(data.train)]
        titles = {stretch["book"] for stretch in data.about["train"]["stretches"]}
        self.known = titles & set(known) if titles - set(known) else set()
        if self.known:
            old, new = (_text_of(data, self.known, wanted) for wanted in (True, False))
            texts, books = [new], 1 - sum(share for share, _ in mixture)
            mixture = [*([(replay * books, old)] if replay else []), *mixture]
        shortest = min(len(texts[0]), len(data.val))
        if shortest <= block_size:
            characters = min(data.about["train"]["characters"], data.about["val"]["characters"])
            part = "training" if len(texts[0]) <= len(data.val) else "validation"
            raise InputError(
                tr(
                    "[pretrain] block_size {block_size} is longer than the {part} text "
                    "({shortest} tokens, {characters} characters). Set block_size below "
                    "{shortest}, or add longer books.",
                    block_size=block_size,
                    part=part,
                    shortest=shortest,
                    characters=characters,
                )
            )
        self.data, self.chars_per_token = data, chars_per_token
        self.batch_size, self.block_size, self.device = batch_size, block_size, device
        texts += [ids for _, ids in mixture]
        self.tokens = torch.from_numpy(np.concatenate([text.astype(np.int32) for text in texts])).to(device)
        self.rings = [Ring(len(text), block_size, seed + 7 * n) for n, text in enumerate(texts)]
        self.starts = np.cumsum([0, *map(len, texts)])
        self.order = weave([share for share, _ in mixture])
        self.rank = np.array([(self.order[:n] == source).sum() for n, source in enumerate(self.order)])
        self.counts = np.bincount(self.order, minlength=len(texts))
        self.windows = self.rings[0].windows
        self.batches_per_epoch = self.windows / batch_size * PERIOD / int(self.counts[0])
        shown = sum(float(chars_per_token[text].mean()) * n for text, n in zip(texts, self.counts, strict=True))
        self.characters_per_target = shown / PERIOD

    def batch(self, number: int, rows: slice = ALL) -> Batch:
        """See `BatchSource`."""
        windows = [self._row(row) for row in range(number * self.batch_size, (number + 1) * self.batch_size)]
        count = sum(length for _, _, length in windows)
        sources, starts, lengths = np.array(windows[rows]).reshape(-1, 3).T
        sizes = np.array([ring.size for ring in self.rings])[sources]
        offsets = np.arange(-1, self.block_size)
        places = (starts[:, None] + offsets) % sizes[:, None] + self.starts[sources][:, None]  # (B, T + 1)
        shown = self.tokens[torch.from_numpy(places).to(self.device, non_blocking=True)].long()
        targets = shown[:, 1:]
        if lengths.min(initial=self.block_size) < self.block_size:
            beyond = np.arange(self.block_size) >= lengths[:, None]
            targets = targets.masked_fill(torch.from_numpy(beyond).to(self.device), IGNORE)
        return Batch(shown[:, :-1], targets, count)

    def _row(self, row: int) -> tuple[int, int, int]:
        """Source, start and length of row `row`, counted over the whole run."""
        period, place = divmod(row, PERIOD)
        source = int(self.order[place])
        return source, *self.rings[source].window(period * int(self.counts[source]) + int(self.rank[place]))

    def validation(self, most_rows: int) -> list[Batch]:
        """Windows that do not overlap, each stretch begun behind its `<|endoftext|>`."""
        windows = [
            (start, min(start + self.block_size, stretch["end"]), self._part(stretch["book"]))
            for stretch in self.data.about["val"]["stretches"]
            for start in range(stretch["start"], stretch["end"], self.block_size)
        ]
        taken = [windows[n] for n in spread(len(windows), most_rows)]
        parts = {part: [(start, end) for start, end, own in taken if own == part] for _, _, part in taken}
        return [batch for part, rows in parts.items() for batch in self._validate(part, rows)]

    def _part(self, book: str) -> str:
        """Of which part of validation a book is."""
        return ("old" if book in self.known else "new") if self.known else ""

    def _validate(self, part: str, taken: list[tuple[int, int]]) -> Iterator[Batch]:
        for at in range(0, len(taken), self.batch_size):
            rows = taken[at : at + self.batch_size]
            ids = np.zeros((len(rows), self.block_size), dtype=np.int64)
            targets = np.full((len(rows), self.block_size), IGNORE, dtype=np.int64)
            for row, (start, end) in enumerate(rows):
                ids[row, : end - start] = self.data.val[start - 1 : end - 1]
                targets[row, : end - start] = self.data.val[start:end]
            scored = targets[targets != IGNORE]
            yield Batch(
                torch.from_numpy(ids).to(self.device),
                torch.from_numpy(targets).to(self.device),
                count=len(scored),
                characters=int(self.chars_per_token[scored].sum()),
                part=part,
            )


def _text_of(data: TokenData, books: Collection[str], wanted: bool) -> np.ndarray:
    """Training ids of these books (of all others if not `wanted`), each stretch behind its `<|endoftext|>`."""
    stretches = [row for row in data.about["train"]["stretches"] if (row["book"] in books) == wanted]
    return np.concatenate([data.train[row["start"] - 1 : row["end"]] for row in stretches])
