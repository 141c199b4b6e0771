"""An older synth.sqlite → one of this version, in place and in one step: what was paid for is never lost.

Tables and columns that are missing are added; tables that have another shape are built anew and what they hold is
carried over, or left out where it is remade at will. Of the first version, which knew only passages, each reply
becomes an imported text and is read as such.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from ...errors import InputError
from ...messages import tr
from .tables import SCHEMA, VERSION

RENAMED = {("splits", "key"): "fact"}
"""(table, column) → what the column was called before."""
OUTCOMES = {
    "slow_down": "rate_limited",
    "busy": "server_error",
    "cool": "quota_exhausted",
    "dead": "invalid_key",
    "broke": "account_blocked",
    "spare": "duplicate",
}
"""What outcomes of sendings were called up to version 3 → what they are called now."""
REMADE = {"duplicates", "verdicts"}
"""Tables that are made again from the others."""


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring a store up to date; the caller has begun a transaction.

    Raises:
        InputError: it is of a newer version, or no store.
    """
    if version > VERSION or not {"requests", "replies"} <= _tables(db):
        raise InputError(
            tr(
                "not a store that this jianghu can read (it is of version {version}, this one writes {ours}). Move it "
                "away, or use the jianghu that wrote it.",
                version=version,
                ours=VERSION,
            )
        )
    if "items" not in _tables(db):
        _from_the_first(db)
    else:
        _reshape(db)
    db.execute("DROP TABLE IF EXISTS lexicon")  # nothing ever wrote to it
    db.executemany("UPDATE replies SET outcome = ? WHERE outcome = ?", [(new, old) for old, new in OUTCOMES.items()])
    db.execute(f"PRAGMA user_version = {VERSION}")


def _tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _columns(db: sqlite3.Connection, table: str) -> dict[str, tuple[Any, ...]]:
    """Name → type, whether NULL is refused, default, whether it is part of the primary key."""
    return {row[1]: row[2:] for row in db.execute(f"PRAGMA table_info({table})")}


def _reshape(db: sqlite3.Connection) -> None:
    fresh = sqlite3.connect(":memory:")
    try:
        fresh.executescript(SCHEMA)
        wanted = list(fresh.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        for kind, name, _ in db.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall():
            if kind in ("index", "view"):
                db.execute(f"DROP {kind.upper()} {name}")
        there = _tables(db)
        for kind, name, sql in wanted:
            if kind == "table" and name not in there:
                db.execute(sql)
            elif kind == "table":
                _reshape_table(db, name, sql, _columns(fresh, name))
        for kind, _, sql in wanted:
            if kind != "table":
                db.execute(sql)
    finally:
        fresh.close()


def _reshape_table(db: sqlite3.Connection, table: str, sql: str, wanted: dict[str, tuple[Any, ...]]) -> None:
    own = _columns(db, table)
    if not own.keys() <= wanted.keys() or any(wanted[name][3] and name not in own for name in wanted):
        db.execute(f"ALTER TABLE {table} RENAME TO older_{table}")
        db.execute(sql)
        pairs = [(name, old) for name in wanted if (old := name if name in own else RENAMED.get((table, name))) in own]
        if table not in REMADE:
            new, old = ", ".join(name for name, _ in pairs), ", ".join(str(old) for _, old in pairs)
            db.execute(f"INSERT INTO {table} ({new}) SELECT {old} FROM older_{table}")
        db.execute(f"DROP TABLE older_{table}")
        return
    for name, (kind, not_null, default, _) in wanted.items():
        if name not in own:
            missing = default if default is not None else "''" if kind == "TEXT" else "0"
            more = f" NOT NULL DEFAULT {missing}" if not_null else ""
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}{more}")


def _from_the_first(db: sqlite3.Connection) -> None:
    for table in ("meta", "requests", "replies", "records"):
        db.execute(f"ALTER TABLE {table} RENAME TO older_{table}")
    _reshape(db)
    db.execute("INSERT INTO texts (hash, text) VALUES ('', ?)", (json.dumps({}),))
    ((schema,),) = db.execute("SELECT id FROM texts WHERE hash = ''").fetchall()
    body = json.dumps({"messages": [], "schema": schema})
    db.execute(
        "INSERT INTO requests (key, plan, strategy, stage, slot, model, body, rank, state) "
        "SELECT key, 0, 'import', 'synth.sqlite', 'version-1/' || rowid, model, ?, rowid, "
        "CASE WHEN EXISTS (SELECT 1 FROM older_replies WHERE older_replies.key = older_requests.key AND accepted) "
        "THEN 'answered' ELSE 'open' END FROM older_requests",
        (body,),
    )
    db.execute(
        "INSERT INTO replies (request, at, outcome, accepted, content, finish_reason, detail, tokens_in, tokens_out, "
        "cost, seconds, key_hash) SELECT requests.id, at, outcome, accepted, content, finish_reason, detail, "
        "tokens_in, tokens_out, cost, seconds, '' FROM older_replies JOIN requests ON requests.key = older_replies.key"
    )
    db.execute("DELETE FROM requests WHERE id NOT IN (SELECT request FROM replies)")
    for table in ("meta", "records", "replies", "requests"):
        db.execute(f"DROP TABLE older_{table}")
