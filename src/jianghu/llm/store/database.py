"""An SQLite file that is opened for reading or for writing, and whose errors are ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ... import files
from ...errors import InputError, RunError
from ...messages import tr
from ...progress import remark
from .migrate import migrate
from .tables import SCHEMA, VERSION


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


class Database:
    """The file of one workspace. Use it as a context manager or close it.

    One process writes, any number read: the file is in WAL mode, and the writer holds a lock beside it.

    Args:
        write: open it for writing, and make it if it is not there.

    Raises:
        InputError: the file is not a store, is damaged, is of another version, or (to read) is not there.
        RunError: another process has it open for writing, or the disk is full.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path = path
        self._open = ExitStack()
        if write:
            self._open.enter_context(files.lock(path, path.name))
        elif not path.exists():
            raise InputError(tr("{path}: there is no store yet. `{jianghu} synth run` makes it.", path=path))
        try:
            with self._guard():
                self._db = self._open.enter_context(closing(self._connect(write)))
                if write:
                    self._db.execute("PRAGMA synchronous = FULL")
                self._prepare(write)
                if write:  # what is no store has been refused, and is as it was
                    self._db.execute("PRAGMA journal_mode = WAL")
                    self._db.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and free it for other processes."""
        self._open.close()

    def _connect(self, write: bool) -> sqlite3.Connection:
        if write:
            db = sqlite3.connect(self.path, isolation_level=None)
            db.text_factory = _text  # bytes that are no text must not end everything
            return db
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        db = sqlite3.connect(address, isolation_level=None, uri=True)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            # In a folder where nothing may be written SQLite cannot make the files that readers share with a writer;
            # where nothing waits in a log, nobody writes, and the file can be read as it is.
            log = self.path.with_name(f"{self.path.name}-wal")
            if log.exists() and log.stat().st_size:
                raise
            db.close()
            db = sqlite3.connect(f"{address}&immutable=1", isolation_level=None, uri=True)
        db.text_factory = _text
        return db

    def _prepare(self, write: bool) -> None:
        ((version,),) = self._rows("PRAGMA user_version")
        ((tables,),) = self._rows("SELECT count(*) FROM sqlite_master")
        if write and version == 0 and tables == 0:
            self._db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        elif version != VERSION and write:
            with self._transaction():
                try:
                    migrate(self._db, version)
                except InputError as error:
                    raise InputError(f"{self.path}: {error}") from None
            remark(tr("{path}: brought up to date from version {version}.", path=self.path, version=version))
        elif version != VERSION:
            raise InputError(
                tr(
                    "{path}: of version {version}, and this jianghu reads {ours}. `{jianghu} synth run --dry-run` "
                    "brings an older one up to date.",
                    path=self.path,
                    version=version,
                    ours=VERSION,
                )
            )

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._guard():
            return self._db.execute(statement, values).fetchall()

    def _stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Rows one by one, all of one moment whatever is written meanwhile, for they have a connection of their own."""
        with self._guard(), closing(self._connect(write=False)) as db:
            yield from db.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that is written inside is on the disk when the block ends, or none of it. Blocks may be nested."""
        if self._db.in_transaction:
            yield
            return
        with self._guard():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Turn the database's errors into ours."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.OperationalError as error:
            raise RunError(
                tr(
                    "{path}: cannot be written or read: {error}. See whether the disk is full.",
                    path=self.path,
                    error=error,
                )
            ) from None
        except sqlite3.DatabaseError as error:
            raise InputError(
                tr(
                    "{path}: damaged, or not a database ({error}). Move it away or restore it.",
                    path=self.path,
                    error=error,
                )
            ) from None
