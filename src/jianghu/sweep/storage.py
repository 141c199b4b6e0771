"""Where a study's trials are kept: a journal file in the workspace, or a database that machines share.

Either gives a waiting trial to one worker alone, however many ask at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy import Engine, event, make_url

from .. import files
from ..errors import InputError
from ..messages import tr

HEARTBEAT = 60
"""Seconds between two signs of life on a shared database; a worker silent for ten times as long is given up."""
_WAIT = 60
"""Seconds that an SQLite database may be busy with other workers."""


class _Lock:
    """Optuna's own locks outlive a killed process by half a minute; the system's do not."""

    def __init__(self, path: Path) -> None:
        self._file = FileLock(path)

    def acquire(self) -> bool:
        self._file.acquire()
        return True

    def release(self) -> None:
        self._file.release()


def journal(path: Path) -> JournalStorage:
    """A journal file, which processes write to one after another."""
    lock = _Lock(path.with_name(f".{path.name}.lock"))
    return JournalStorage(JournalFileBackend(str(path), lock))  # type: ignore[arg-type]  # its base class is not public


def database(url: str) -> RDBStorage:
    """A database, its tables made if they are not there.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        place = make_url(url)
        if place.get_backend_name() != "sqlite":
            return RDBStorage(url, heartbeat_interval=HEARTBEAT, grace_period=10 * HEARTBEAT)
        # SQLite's tables cannot be made by two processes at once.
        with files.lock(Path(place.database), "the database", wait=-1) if place.database else nullcontext():
            storage = RDBStorage(
                url, {"connect_args": {"timeout": _WAIT}}, heartbeat_interval=HEARTBEAT, grace_period=10 * HEARTBEAT
            )
        _one_at_a_time(storage.engine)
        return storage
    except Exception as error:  # a driver's own, of any kind: not installed, refused, no such host
        first = str(error).strip().splitlines()[0]
        raise InputError(
            tr(
                "the database of the study cannot be opened ({first}). Give a URL such as "
                "postgresql://user@host/db, and install its driver.",
                first=first,
            )
        ) from None


def _one_at_a_time(engine: Engine) -> None:
    """Begin each transaction of an SQLite database with its write lock.

    Optuna takes a waiting trial by SELECT … FOR UPDATE, then UPDATE. SQLite knows no FOR UPDATE, and Python begins its
    transactions only at the UPDATE: two workers could both find a trial waiting, and both take it.
    """

    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # Python begins nothing by itself

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    engine.dispose()  # connections from before


@contextmanager
def signs_of_life(storage: RDBStorage, trial: optuna.Trial) -> Iterator[None]:
    """Tell other machines, while the block lasts, that the worker of a trial lives."""
    ended = threading.Event()

    def beat() -> None:
        while True:
            storage.record_heartbeat(trial._trial_id)
            if ended.wait(HEARTBEAT):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
