"""The part of the store that keeps texts which no teacher gave: files of other programs, in blocks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence

from .batches import BatchStore
from .requests import Reply, Request


class ForeignStore(BatchStore):
    """See `Store`."""

    def keep_foreign(self, number: int, found: Iterable[tuple[Request, Reply]]) -> None:
        """Enter requests of a plan with replies that no teacher gave; those that are there stay as they are."""
        with self._transaction():
            for request, reply in found:
                self._enter(number, request)
                ((id_, state),) = self._rows("SELECT id, state FROM requests WHERE key = ?", (request.key,))
                if state == "open":
                    self.add_replies([(id_, reply)])

    def forget(self, strategy: str, slots: str) -> int:
        """Take out a strategy's requests whose slot begins so, with their replies and items. Returns how many.

        For what was imported: its file can be imported again. What was paid for is never taken out.
        """
        which = "SELECT id FROM requests WHERE strategy = ? AND substr(slot, 1, ?) = ?"
        values = (strategy, len(slots), slots)
        with self._transaction():
            self._db.execute(f"DELETE FROM items WHERE request IN ({which})", values)
            self._db.execute(f"DELETE FROM replies WHERE request IN ({which})", values)
            return self._db.execute(f"DELETE FROM requests WHERE id IN ({which})", values).rowcount

    @abstractmethod
    def add_replies(self, replies: Sequence[tuple[int, Reply]]) -> None:
        """See `Store`."""

    @abstractmethod
    def _enter(self, number: int, request: Request) -> bool:
        """See `Store`."""
