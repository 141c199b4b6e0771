"""Writes many texts at once with one model. Prompts as ids go in at any time; new ids come out step by step.

What a row says does not depend on which rows are beside it: each has its own settings, random numbers and length
in the cache, and is cut back on its own when it outgrows the model's block_size.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..model import Decoder, KVCache, Transformer
from .sampling import Likelihood, Sampler, Sampling, likelihoods
from .scheduler import in_line, next_rows
from .sequence import Row

HELD = 4
"""Waiting rows keep what they have read as long as that is no more than so many times what the running ones may."""


@dataclass(frozen=True)
class NewToken:
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

    Attributes:
        failed: rows that could not go on, each with its `error`, since whoever calls last emptied the list.

    Not thread-safe: one thread calls it.
    """

    def __init__(self, model: Transformer, places: int, budget: int | None = None) -> None:
        weight = model.model.embed_tokens.weight
        self.model, self.places = model, places
        self.budget = budget or (32 if weight.device.type == "cpu" else 1024)
        self.device, self.dtype, self.block_size = weight.device, weight.dtype, model.config.block_size
        self.waiting: list[Row] = []
        self.running: list[Row] = []  # row n writes in row n of the cache
        self.paused: list[Row] = []
        self.failed: list[Row] = []
        self._reading: list[Row] = []
        self._recovered = False  # the last step failed, and no row was found to be the cause
        self._cache = self._new_cache(1, min(64, self.block_size))
        self._cache.rows = 0
        self._decoder = Decoder(model) if weight.dtype == torch.float32 else None
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
        row = Row(context, sampling, stop, random or np.random.default_rng(sampling.seed % 2**64))
        self.waiting.append(row)
        return row

    @torch.inference_mode()
    def cancel(self, row: Row) -> None:
        """Write no more of a row; its place is free at once."""
        row.ending, row.held = "cancelled", None
        if row in self.waiting:
            self.waiting.remove(row)
        elif row in self.paused:
            self.paused.remove(row)
        elif row in self.running:
            self._leave(self.running.index(row))

    @torch.inference_mode()
    def pause(self, row: Row) -> None:
        """Write no more of a row until `resume`; its place is free for others."""
        if row in self.running:
            self._park(row)
        if row in self.waiting:
            self.waiting.remove(row)
            self.paused.append(row)

    def resume(self, row: Row) -> None:
        """Let a paused row wait for a place again."""
        if row in self.paused:
            self.paused.remove(row)
            self.waiting.append(row)

    @torch.inference_mode()
    def step(self) -> list[NewToken]:
        """Read some prompts, then write one token of each running row. A row ends when its `ending` says so.

        Where the arithmetic fails, each row that took part is tried by itself; those that fail alone, too, are
        `failed`, and the others go on with the same text as if nothing had happened.

        Raises:
            Exception: two steps in a row failed that no single row is to blame for.
        """
        try:
            self._reading = self._next_to_read()
            if self._reading:
                self._read_together(self._reading)
            ready = [row for row in self.waiting if row.unread == 0]  # no place is kept for one yet to be read
            for row, victim in next_rows(ready, self.running, self.places):
                if victim is not None:
                    self._park(victim)
                self._seat(row)
            chosen = self._choose()
        except Exception:
            if not self._isolate() and self._recovered:
                raise
            self._recovered = True
            return []
        self._recovered = False
        return self._write(*chosen)

    def _choose(self) -> tuple[list[int], list[Likelihood | None]]:
        """The next id of each running row, and its likelihood where asked for. Only the cache changes."""
        rows, cache = self.running, self._cache
        if not rows:
            return [], []
        cache.longest = max(row.read for row in rows)
        cache.reserve(len(rows), cache.longest + 1, self.places, self.block_size)
        last = torch.tensor([row.context[-1] for row in rows], device=self.device)
        if self._decoder is not None:
            scores = self._decoder(last, cache)
        else:
            scores = self.model.next_scores(self.model(last[:, None], cache=cache)[:, -1]).float()
        cache.advance(1)
        if self._sampler is None:
            self._sampler = self._new_sampler(rows)
        return _sample(rows, scores, self._sampler)

    def _write(self, ids: list[int], likely: list[Likelihood | None]) -> list[NewToken]:
        written = [NewToken(row, id, found) for row, id, found in zip(self.running, ids, likely, strict=True)]
        for new in written:
            new.row.write(new.id)
        for place in reversed(range(len(self.running))):
            row = self.running[place]
            if row.ending:
                self._leave(place)
            elif len(row.context) > self.block_size:
                self._leave(place)
                row.cut(self.block_size // 2)
                self.waiting.append(row)
        return written

    def _isolate(self) -> bool:
        """After a step that failed: begin anew with the rows that took part in it, without those that also fail
        alone. Whether there were any."""
        rows = [*self.running, *(row for row in self._reading if row not in self.running)]
        self.waiting = [*rows, *(row for row in self.waiting if row not in rows)]
        self.running, self._reading, self._sampler = [], [], None
        self._cache = self._new_cache(1, min(64, self.block_size))
        self._cache.rows = 0
        for row in rows:
            row.cut(len(row.context))
            row.error = self._fault(row)
            if row.error is not None:
                self._fail(row, row.error)
        return any(row.error for row in rows)

    def _fault(self, row: Row) -> Exception | None:
        """What fails when a row writes alone; its random numbers stay as they are."""
        try:
            hidden = self.model(torch.tensor([row.context], device=self.device))
            scores = self.model.next_scores(hidden[:, -1]).float()
            _sample([row], scores, self._new_sampler([row]))
        except Exception as error:
            return error
        return None

    def _fail(self, row: Row, error: Exception) -> None:
        row.ending, row.error, row.held = "failed", error, None
        self.waiting.remove(row)
        self.failed.append(row)

    def _new_sampler(self, rows: list[Row]) -> Sampler:
        settings, written = [row.sampling for row in rows], [row.written for row in rows]
        return Sampler(settings, written, self.model.n_tokens, self.device)

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
        held = sum(other.read for other in [*self.waiting, *self.paused])
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

    def _next_to_read(self) -> list[Row]:
        """Rows that are next in line and have not been read yet, as many as fit in one pass within the budget.

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
        group = unread[:1]
        if group and group[0].read == 0 and (width := group[0].unread) <= self.budget:
            for row in unread[1:]:
                width = max(width, row.unread)
                if row.read or width * (len(group) + 1) > self.budget:
                    break
                group.append(row)
        return group

    def _read_together(self, rows: list[Row]) -> None:
        """Read what is unread of some rows, at most the budget; either there is one row, or none was read before."""
        width = min(max(row.unread for row in rows), self.budget)
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


def _sample(rows: list[Row], scores: Tensor, sampler: Sampler) -> tuple[list[int], list[Likelihood | None]]:
    """The next id of each row, and its likelihood where the row asks for it; scores (rows, n_tokens).

    Raises:
        ArithmeticError: a score is no number, or infinite.
    """
    chosen = sampler.choose(scores, [rows[n].draw() for n in sampler.drawn])
    likely: list[Likelihood | None] = [None] * len(rows)
    if asking := [n for n, row in enumerate(rows) if row.sampling.logprobs is not None]:
        most = max(rows[n].sampling.logprobs or 0 for n in asking)
        for n, likelihood in zip(asking, likelihoods(scores[asking], chosen[asking], most), strict=True):
            likely[n] = likelihood
    ids = chosen.tolist()  # the one moment at which a GPU is waited for
    if not sampler.finite.all():
        raise ArithmeticError("the model's scores are not finite numbers")
    return ids, likely
