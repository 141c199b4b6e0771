"""data/browse.sqlite: all records of a workspace in one list, for people who read and judge them.

What data/records holds, what is in the store (also what the checks refused) and what a person decided go in. Only what
changed since is read: a file of records line by line against hashes, the store from the last number on.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from ... import files
from ...llm.store import Reader
from ...recipe import SynthSettings
from ...records import Record
from ...workspace import Workspace
from ..decisions import Decisions
from ..edits import Edits
from .rows import COLUMNS, FINISHED, SCHEMA, text_of, values_of, values_of_kept, words_of

VERSION = 1
"""Of the index; another one makes it anew."""
PIECE = 20_000  # rows of one transaction
_TEXT = ("question", "answer", "aliases")
_FIND = "SELECT n, question, answer, aliases FROM records WHERE id = ?"


class RecordIndex:
    """The index of a workspace. Any number of threads may read it while one brings it up to date.

    Args:
        settings: decide the splits of groups that have none yet, and which sources are excluded.
    """

    def __init__(self, ws: Workspace, settings: SynthSettings) -> None:
        self.ws, self.settings = ws, settings
        self.path = ws.data / "browse.sqlite"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._prepare()
        except sqlite3.DatabaseError:  # damaged: it is made anew
            for path in (self.path, *(self.path.with_name(f"{self.path.name}-{end}") for end in ("wal", "shm"))):
                path.unlink(missing_ok=True)
            self._prepare()

    def _prepare(self) -> None:
        with files.lock(self.path, self.path.name, 60), closing(self.connect()) as db:
            ((version,),) = db.execute("PRAGMA user_version").fetchall()
            if version != VERSION:
                db.execute("PRAGMA journal_mode = WAL")
                drop = " ".join(f"DROP TABLE IF EXISTS {name};" for name in ("records", "meta", "words"))
                db.executescript(f"BEGIN; {drop} {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    def connect(self) -> sqlite3.Connection:
        """A connection of one's own; threads must not share one."""
        db = sqlite3.connect(self.path, isolation_level=None, timeout=60)
        db.execute("PRAGMA synchronous = OFF")  # it can be made again
        db.execute("PRAGMA mmap_size = 1073741824")
        return db

    def refresh(self, edits: Edits) -> bool:
        """Take in what changed since the last time; returns whether something did.

        Raises:
            InputError: a file of records, or the store, cannot be read. RunError: another process is at it.
        """
        with files.lock(self.path, self.path.name), closing(self.connect()) as db:
            writer = _Writer(db)
            changed = self._files(db, writer)
            changed |= self._store(db, writer, changed)
            edits.refresh()
            last = writer.get("edits", 0)
            ids = {found.made.id for found in edits.decisions()} if changed else set()
            ids |= edits.touched(last if edits.last >= last else 0)
            self._decided(db, writer, edits, ids)
            if changed:
                writer.sweep({found.made.id for found in edits.decisions()})
            if changed or ids:
                with writer.transaction():
                    writer.remember("edits", edits.last)
                    writer.remember("version", writer.get("version", 0) + 1)
            return bool(changed or ids)

    def take(self, edits: Edits, ids: Iterable[str]) -> None:
        """Show at once what a person just decided of these records."""
        with files.lock(self.path, self.path.name, 60), closing(self.connect()) as db:
            writer = _Writer(db)
            self._decided(db, writer, edits, set(ids))
            with writer.transaction():
                writer.remember("version", writer.get("version", 0) + 1)

    def _files(self, db: sqlite3.Connection, writer: _Writer) -> bool:
        then = writer.get("files", {})
        paths = {name: self.ws.records / f"{name}.jsonl" for name in FINISHED}
        now = {name: _stamp(path) for name, path in paths.items()}
        changed = [name for name in FINISHED if now[name] != then.get(name)]
        for name in changed:
            known = dict(db.execute("SELECT id, hash FROM records WHERE part = ?", (name,)))
            writer.put(self._lines(paths[name], name, known) if paths[name].exists() else ())
            with writer.transaction():
                db.executemany(
                    "UPDATE records SET part = '', hash = NULL, state = 'new' WHERE id = ? AND part = ?",
                    ((id_, name) for id_ in known),
                )
        if changed:
            with writer.transaction():
                writer.remember("files", now)
        return bool(changed)

    def _lines(self, path: Path, name: str, known: dict[str, int]) -> Iterator[dict[str, Any]]:
        """The new lines of a file; those that are there already are taken out of `known`."""
        with path.open("rb") as source:
            for number, line in enumerate(source, 1):
                hash_ = int.from_bytes(blake2b(line, digest_size=8).digest(), "big", signed=True)
                try:
                    row = json.loads(line)
                    if known.pop(row["id"], None) == hash_:
                        continue
                except (ValueError, KeyError, TypeError):
                    row = None
                record = Record.from_dict(row, f"{path.name}, line {number}")
                yield {**values_of(record), "part": name, "hash": hash_}

    def _store(self, db: sqlite3.Connection, writer: _Writer, files_changed: bool) -> bool:
        if not self.ws.store.exists():
            return False
        with Reader(self.ws.store) as store:
            decisions, last = Decisions(store), store.last_record()
            left_out = [*decisions.left_out(), *self.settings.exclude]
            now = {"present": list(store.present()), "last": last, "left_out": left_out}
            then = writer.get("store", None)
            if then == now and not files_changed:
                return False
            begin = then["last"] if then and then["present"] == now["present"] and then["last"] <= last else 0
            if begin == 0:
                with writer.transaction():
                    db.execute("UPDATE records SET item = NULL WHERE item IS NOT NULL")
            writer.put(self._kept(store, decisions, begin))
            self._states(db, writer, decisions)
            with writer.transaction():
                writer.remember("store", now)
        return True

    def _kept(self, store: Reader, decisions: Decisions, last: int) -> Iterator[dict[str, Any]]:
        for number, verdict, kept in store.records_after(last):
            if (values := values_of_kept(kept, verdict, self.settings)) is not None:
                split = decisions.split(values["grp"])
                yield {**values, "item": number, "split": split or values["split"]}

    def _states(self, db: sqlite3.Connection, writer: _Writer, decisions: Decisions) -> None:
        """Why each record that is in no file is left out."""
        with writer.transaction():
            db.execute("CREATE TEMP TABLE IF NOT EXISTS out (id TEXT PRIMARY KEY, why TEXT NOT NULL)")
            db.execute("DELETE FROM out")
            rows = [(id_, "judge") for id_ in decisions.refusals()]
            rows += [(id_, why) for why in ("repeat", "contradiction", "leak") for id_, _, _ in decisions.repeats(why)]
            db.executemany("INSERT OR REPLACE INTO out VALUES (?, ?)", rows)
            marks = ", ".join("?" * len(self.settings.exclude)) or "''"
            state = (
                "CASE WHEN part <> '' THEN part WHEN verdict <> 'accepted' THEN verdict "
                f"WHEN source IN ({marks}) THEN 'excluded' "
                "ELSE coalesce((SELECT why FROM out WHERE out.id = records.id), 'new') END"
            )
            values = list(self.settings.exclude)
            db.execute(f"UPDATE records SET state = {state} WHERE state IS NOT {state}", [*values, *values])

    def _decided(self, db: sqlite3.Connection, writer: _Writer, edits: Edits, ids: set[str]) -> None:
        """Show records as a person decided they are, or as they were made where that was taken back."""
        rows: list[dict[str, Any]] = []
        for id_ in ids:
            found, history = edits.decision(id_), edits.history(id_)
            made = found.made if found else next((c.record for c, _ in reversed(history) if c.record), None)
            if made is None:
                continue
            mine: str = "" if found is None else found.verdict
            if found and found.verdict == "accepted" and (found.fields or found.written):
                mine = "written" if found.written and not found.fields else "edited"
            there = db.execute("SELECT item FROM records WHERE id = ?", (id_,)).fetchone()
            in_store = there is not None and there[0] is not None
            if mine == "written" and in_store:  # a check had refused it
                mine = "accepted"
            if found is None and (there is None or (not in_store and any(c.action == "write" for c, _ in history))):
                writer.remove([id_])  # one's own, taken back
                continue
            values = values_of(found.apply(made) if found else made)
            values |= {"mine": mine} | ({"grp": found.group} if found and found.written and found.group else {})
            rows.append(values)
        writer.put(rows)


class _Writer:
    """Puts rows into the index and keeps the searched words in step with them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            raise

    def get(self, name: str, usual: Any) -> Any:
        row = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else usual

    def remember(self, name: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def put(self, rows: Iterable[dict[str, Any]]) -> None:
        """Enter rows, or what they say of records that are there."""
        source = iter(rows)
        while piece := list(islice(source, PIECE)):
            with self.transaction():
                fresh = [values for values in piece if not self._update(values)]
                self._insert(fresh)

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        ((n,),) = self.db.execute("SELECT coalesce(max(n), 0) FROM records").fetchall()
        columns = ("n", *COLUMNS, "state", "mine")
        named, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        usual = {**dict.fromkeys(columns), "part": "", "verdict": "accepted", "mine": ""}
        entries = {  # by id: in a file that was damaged one may stand twice
            values["id"]: {**usual, "state": values.get("part") or "new", **values, "n": n + number}
            for number, values in enumerate(rows, 1)
        }
        self.db.executemany(
            f"INSERT INTO records ({named}) VALUES ({marks})",
            ([entry[name] for name in columns] for entry in entries.values()),
        )
        self.db.executemany(
            "INSERT INTO words (rowid, terms) VALUES (?, ?)",
            ((entry["n"], words_of(entry)) for entry in entries.values()),
        )

    def _update(self, values: dict[str, Any]) -> bool:
        """Enter what is said of a record that is there; returns whether it is."""
        row = self.db.execute(_FIND, (values["id"],)).fetchone()
        if row is None:
            return False
        if "part" in values:
            values = {**values, "state": values["part"] or "new"}
        names = [name for name in values if name != "id"]
        sets = ", ".join(f'"{name}" = ?' for name in names)
        self.db.execute(f"UPDATE records SET {sets} WHERE n = ?", [*(values[name] for name in names), row[0]])
        old = dict(zip(_TEXT, row[1:], strict=True))
        if text_of(old) != text_of(values):
            self._forget(row[0], old)
            self.db.execute("INSERT INTO words (rowid, terms) VALUES (?, ?)", (row[0], words_of(values)))
        return True

    def remove(self, ids: Iterable[str]) -> None:
        """Take records out."""
        with self.transaction():
            for id_ in ids:
                row = self.db.execute(_FIND, (id_,)).fetchone()
                if row is not None:
                    self._forget(row[0], dict(zip(_TEXT, row[1:], strict=True)))
                    self.db.execute("DELETE FROM records WHERE n = ?", (row[0],))

    def _forget(self, n: int, old: Mapping[str, Any]) -> None:
        self.db.execute("INSERT INTO words (words, rowid, terms) VALUES ('delete', ?, ?)", (n, words_of(old)))

    def sweep(self, keep: set[str]) -> None:
        """Take out what is in no file, no longer in the store, and of which a person decided nothing."""
        gone = self.db.execute("SELECT id FROM records WHERE part = '' AND item IS NULL").fetchall()
        self.remove([id_ for (id_,) in gone if id_ not in keep])


def _stamp(path: Path) -> list[int] | None:
    if not path.exists():
        return None
    found = path.stat()
    return [found.st_mtime_ns, found.st_size]
