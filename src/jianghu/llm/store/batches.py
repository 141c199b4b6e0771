"""The part of the store that knows which requests travel together in a batch, and how far it has come."""

from __future__ import annotations

from dataclasses import replace

from .reader import _FROM, _REQUEST, Reader
from .requests import Batch, LeasedRequest


class BatchStore(Reader):
    """See `Store`. A request in a batch is marked as sent, and a crash does not open it again: it may be paid for."""

    def batches(self) -> list[Batch]:
        """The batches that are under way, oldest first."""
        rows = self._rows(
            "SELECT id, state, file, remote FROM batches WHERE state IN ('packed', 'uploaded', 'running') ORDER BY id"
        )
        return [Batch(*row) for row in rows]

    def pack(self, number: int, most: int, endpoint: str, key_hash: str) -> Batch | None:
        """Put up to `most` open requests of a plan into a new batch; None if there is none."""
        with self._transaction():
            cursor = self._db.execute(
                "INSERT INTO batches (endpoint, key_hash, state) VALUES (?, ?, 'packed')", (endpoint, key_hash)
            )
            id_ = cursor.lastrowid
            changed = self._db.execute(
                "UPDATE requests SET state = 'sent', batch = ? WHERE id IN "
                "(SELECT id FROM requests WHERE plan = ? AND state = 'open' ORDER BY rank, id LIMIT ?)",
                (id_, number, most),
            )
            if changed.rowcount == 0:
                self._db.execute("DELETE FROM batches WHERE id = ?", (id_,))
                return None
        assert id_ is not None  # SQLite gives every row one
        return Batch(id_, "packed")

    def packed(self, batch: Batch) -> list[LeasedRequest]:
        """The requests of a batch that are not answered."""
        rows = self._rows(
            f"SELECT {_REQUEST} {_FROM} WHERE batch = ? AND state = 'sent' ORDER BY rank, requests.id", (batch.id,)
        )
        return [LeasedRequest(*found) for row in rows if (found := self._readable(row)) is not None]

    def update_batch(self, batch: Batch, state: str, file: str | None = None, remote: str | None = None) -> Batch:
        """Write down how far a batch has come, before anything more is done with it."""
        new = replace(batch, state=state, file=file or batch.file, remote=remote or batch.remote)
        with self._transaction():
            self._db.execute(
                "UPDATE batches SET state = ?, file = ?, remote = ? WHERE id = ?",
                (new.state, new.file, new.remote, new.id),
            )
        return new

    def close_batch(self, batch: Batch, state: str) -> None:
        """End a batch: what it did not answer is open again."""
        with self._transaction():
            self._db.execute(
                "UPDATE requests SET state = 'open', batch = NULL WHERE batch = ? AND state = 'sent'", (batch.id,)
            )
            self._db.execute("UPDATE batches SET state = ? WHERE id = ?", (state, batch.id))
