"""Writes many texts at once with one model. Prompts as ids go in at any time; new ids come out step by step.

What a row says does not depend on which rows are beside it: each has its own settings, random numbers and length
in the cache, and is cut back on its own when it outgrows the model's block_size.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch

from ..model import KVCache, Transformer
from .sampling import Likelihood, Sampler, Sampling, likelihoods
from .scheduler import in_line, next_rows
from .sequence import Row

HELD = 4
"""Waiting rows keep what they have read as long as that is no more than so many times what the running ones may."""


@dataclass(frozen=True)
class Written:
    """One step of one row: its new id, and how likely the model found it where the row's settings ask for that."""

    row: Row
    id: int
    likelihood: Likelihood | None


class Engine:
    """Admits rows, lets them take turns, and writes one token of each running row per step.

    Args:
        model: in evaluation mode.
        places: rows that write at once; others wait.
        budget: tokens of prompts that are read in one step, so that a long prompt does not halt those who write;
            default: about what takes as long as the writing does.

    Not thread-safe: one thread calls it.
    """

    def __init__(self, model: Transformer, places: int, budget: int | None = None) -> None:
        weight = model.model.embed_tokens.weight
        self.model, self.places = model, places
        self.budget = budget or (32 if weight.device.type == "cpu" else 1024)
        self.device, self.dtype, self.block_size = weight.device, weight.dtype, model.config.block_size
        self.waiting: list[Row] = []
        self.running: list[Row] = []  # row n writes in row n of the cache
        self._cache = self._new_cache(1, min(64, self.block_size))
        self._cache.rows = 0
        self._sampler: Sampler | None = None  # None: the rows have changed
        self._steps = 0

    @property
    def busy(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.waiting or self.running)

    def add(
        self, prompt: list[int], sampling: Sampling, stop: Collection[int], random: np.random.Generator | None = None
    ) -> Row:
        """Queue a text.

        Args:
            prompt: ids, at least one. Only the last block_size - 1 are read.
            stop: ids that end it; the one that does is written as its last.
            random: its random numbers; default: from the seed of `sampling`.
        """
        context = prompt[-(self.block_size - 1) :]
        row = Row(context, sampling, stop, random or np.random.default_rng(sampling.seed))
        self.waiting.append(row)
        return row

    @torch.inference_mode()
    def cancel(self, row: Row) -> None:
        """Write no more of a row; its place is free at once."""
        row.ending, row.held = "cancelled", None
        if row in self.waiting:
            self.waiting.remove(row)
        elif row in self.running:
            self._leave(self.running.index(row))

    @torch.inference_mode()
    def step(self) -> list[Written]:
        """Read some prompts, then write one token of each running row. A row ends when its `ending` says so."""
        self._read()
        ready = [row for row in self.waiting if row.unread == 0]  # no place is kept for one that has to be read yet
        for row, victim in next_rows(ready, self.running, self.places):
            if victim is not None:
                self._park(victim)
            self._seat(row)
        return self._write()

    def _write(self) -> list[Written]:
        rows, cache = self.running, self._cache
        if not rows:
            return []
        cache.longest = max(row.read for row in rows)
        cache.reserve(len(rows), cache.longest + 1, self.places, self.block_size)
        last = torch.tensor([[row.context[-1]] for row in rows], device=self.device)
        scores = self.model.logits(self.model(last, cache=cache)[:, -1]).float()
        cache.advance(1)
        if self._sampler is None:
            settings = [row.sampling for row in rows]
            self._sampler = Sampler(settings, [row.written for row in rows], scores.shape[1], self.device)
        sampler = self._sampler
        chosen = sampler.choose(scores, [float(rows[n].random.random(dtype=np.float32)) for n in sampler.drawn])
        likely: dict[Row, Likelihood] = {}
        asking = [n for n, row in enumerate(rows) if row.sampling.logprobs is not None]
        if asking:
            most = max(rows[n].sampling.logprobs or 0 for n in asking)
            found = likelihoods(scores[asking], chosen[asking], most)
            likely = {rows[n]: likelihood for n, likelihood in zip(asking, found, strict=True)}
        written = [
            Written(row, id, likely.get(row)) for row, id in zip(rows, chosen.tolist(), strict=True)
        ]  # the one moment at which a GPU is waited for
        for new in written:
            new.row.write(new.id)
        for place in reversed(range(len(rows))):
            row = rows[place]
            if row.ending:
                self._leave(place)
            elif len(row.context) > self.block_size:
                self._leave(place)
                row.cut(self.block_size // 2)
                self.waiting.append(row)
        return written

    def _seat(self, row: Row) -> None:
        """Give a row the next place, as the last of the running ones."""
        place = len(self.running)
        self._cache.reserve(place + 1, len(row.context), self.places, self.block_size)
        self._cache.rows = place + 1
        self._cache.lengths[place] = 0
        if row.held is not None:
            self._cache.put(place, row.held)
        row.turns, row.turn, row.held = row.turns + 1, 0, None
        self.waiting.remove(row)
        self.running.append(row)
        self._sampler = None

    def _park(self, row: Row) -> None:
        """Take a row's place; it waits with what it has read, or is read again if too many do."""
        place = self.running.index(row)
        held = sum(other.read for other in self.waiting)
        if held + row.read <= HELD * self.places * self.block_size:
            row.held = self._cache.take(place, row.read)
        else:
            row.cut(len(row.context))
        self._leave(place)
        self.waiting.append(row)

    def _leave(self, place: int) -> None:
        """Free a place; the last running row moves there."""
        last = len(self.running) - 1
        if place < last:
            self._cache.put(place, self._cache.take(last, self.running[last].read))
            self.running[place] = self.running[last]
        self.running.pop()
        self._cache.rows = last
        self._sampler = None

    def _read(self) -> None:
        """Read of those next in line what they have not read yet, in one pass of the model within the budget.

        Beside brief rows others are read in every third step only, so that a crowd of them does not make each step
        twice as long; and in every sixth step before brief ones, so that a crowd of these does not shut them out.
        """
        line = in_line(self.waiting)
        nearest = [row for row in line if row.brief] + [row for row in line if not row.brief][: self.places]
        unread = [row for row in nearest if row.unread]
        self._steps += 1
        if self._steps % 3 and any(row.brief for row in [*unread, *self.running]):
            unread = [row for row in unread if row.brief]
        elif self._steps % 6 == 0:
            unread.sort(key=lambda row: row.brief)
        if not unread:
            return
        group, width = unread[:1], min(unread[0].unread, self.budget)
        if unread[0].read == 0 and unread[0].unread <= self.budget:
            for row in unread[1:]:
                wider = max(width, row.unread)
                if row.read or wider * (len(group) + 1) > self.budget:
                    break
                group.append(row)
                width = wider
        self._read_together(group, width)

    def _read_together(self, rows: list[Row], width: int) -> None:
        """Read up to `width` ids of each row; either there is one row, or none has been read before."""
        cache = self._new_cache(len(rows), rows[0].read + width)
        if rows[0].held is not None:
            cache.put(0, rows[0].held)
        cache.longest = rows[0].read
        parts = [row.context[row.read : -1][:width] for row in rows]
        ids = torch.tensor([part + [0] * (width - len(part)) for part in parts], device=self.device)
        self.model(ids, cache=cache)
        for n, (row, part) in enumerate(zip(rows, parts, strict=True)):
            row.read += len(part)
            row.held = cache.take(n, row.read)

    def _new_cache(self, rows: int, capacity: int) -> KVCache:
        return KVCache(self.model.config, rows, capacity, self.device, self.dtype)
