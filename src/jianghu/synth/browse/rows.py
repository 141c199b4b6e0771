"""A row of the index of records: its columns, what of it is searched, and in which state a record is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...llm.store import Kept
from ...recipe import SynthSettings
from ...records import RECORD_FILES, Record
from ...retrieval.terms import terms
from ..assemble import name_of, record_of

FINISHED = RECORD_FILES
"""States of records that data/records holds: the file they are in."""
LEFT_OUT = ("repeat", "contradiction", "leak", "judge", "excluded")
"""States of records that passed the checks and are left out for another reason."""
NEW = "new"
"""State of a record that counts when data/records is written the next time."""
StateGroup = Literal["in", "new", "left_out", "refused"]

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE records (
    n INTEGER PRIMARY KEY,             -- order of the list
    id TEXT NOT NULL UNIQUE, fact TEXT NOT NULL, wording INTEGER NOT NULL, kind TEXT NOT NULL,
    question TEXT NOT NULL, answer TEXT NOT NULL, short_answer TEXT NOT NULL, aliases TEXT NOT NULL,
    book TEXT NOT NULL, chapter INTEGER, start INTEGER, "end" INTEGER, source TEXT NOT NULL, split TEXT NOT NULL,
    part TEXT NOT NULL DEFAULT '',     -- the file of data/records it stands in
    verdict TEXT NOT NULL DEFAULT 'accepted',  -- of the checks, where a teacher wrote it
    state TEXT NOT NULL DEFAULT 'new',
    mine TEXT NOT NULL DEFAULT '',     -- what a person decided: accepted, edited, written, rejected
    grp TEXT,                          -- what stays with it in one split
    at INTEGER,                        -- where the passage begins that the teacher saw
    item INTEGER,                      -- number in synth.sqlite
    hash INTEGER                       -- of its line in the file
);
CREATE INDEX facets ON records (book, chapter, kind, source, state, mine);
CREATE INDEX of_fact ON records (fact);
CREATE VIRTUAL TABLE words USING fts5
    (terms, content = '', detail = 'none', tokenize = 'unicode61 remove_diacritics 0');
"""
OWN = ("fact", "wording", "kind", "question", "answer", "short_answer", "aliases", "book", "chapter", "start", "end")
"""Columns that say what a record is, beside its id, source and split."""
COLUMNS = ("id", *OWN, "source", "split", "part", "verdict", "grp", "at", "item", "hash")


@dataclass(frozen=True)
class Row:
    """A record as the index has it.

    Attributes:
        aliases: decoded. state: the file of data/records, `new`, why it is left out, or the reason of the check that
            refused it. mine: what a person decided; empty: nothing.
    """

    n: int
    id: str
    fact: str
    wording: int
    kind: str
    question: str
    answer: str
    short_answer: str
    aliases: tuple[str, ...]
    book: str
    chapter: int | None
    start: int | None
    end: int | None
    source: str
    split: str
    verdict: str
    state: str
    mine: str
    grp: str | None
    at: int | None

    @property
    def record(self) -> Record:
        """The record itself.

        Raises:
            InputError: it was refused and lacks what a record needs.
        """
        fields = {name: getattr(self, name) for name in Record.model_fields}
        return Record.from_dict(fields, self.id)


FIELDS = tuple(Row.__dataclass_fields__)
SELECT = ", ".join(f'records."{name}"' for name in FIELDS)


def row_of(values: tuple[Any, ...]) -> Row:
    """A row of `SELECT`."""
    fields = dict(zip(FIELDS, values, strict=True))
    return Row(**{**fields, "aliases": tuple(json.loads(fields["aliases"]))})


def state_group(state: str) -> StateGroup:
    """Whether a record is in data/records, will be, is left out, or was refused by a check."""
    if state in FINISHED:
        return "in"
    return "new" if state == NEW else "left_out" if state in LEFT_OUT else "refused"


def values_of(record: Record) -> dict[str, Any]:
    """The columns of a record."""
    own = {name: getattr(record, name) for name in ("id", *OWN, "source", "split")}
    return {**own, "aliases": json.dumps(record.aliases, ensure_ascii=False)}


def values_of_kept(kept: Kept, verdict: str, settings: SynthSettings) -> dict[str, Any] | None:
    """The columns of what a teacher wrote, also where a check refused it; None where it is no question with an answer.

    Args:
        settings: decide the split of a group that has none yet.
    """
    place = {"verdict": verdict, "at": kept.passage.start if kept.passage else None}
    if verdict == "accepted":
        try:
            group, record = record_of(kept, name_of(kept), settings)
        except (KeyError, TypeError, ValueError):
            return None
        return {**values_of(record), **place, "grp": group}
    found = kept.content
    question, answer, short = (found.get(name) for name in ("question", "answer", "short_answer"))
    book = kept.passage.book if kept.passage else found.get("book")
    if not all(isinstance(text, str) and text.strip() for text in (question, answer, book)):
        return None
    complete = {
        **found,
        "kind": found["kind"] if isinstance(found.get("kind"), str) and found["kind"].strip() else "other",
        "short_answer": short if isinstance(short, str) and short.strip() else answer,
        "aliases": [alias for alias in found.get("aliases") or () if isinstance(alias, str) and alias.strip()],
        "book": book,
        **_span(kept),
    }
    try:
        group, record = record_of(_with(kept, complete), name_of(kept), settings)
    except (KeyError, TypeError, ValueError):
        return None
    return {**values_of(record), **place, "grp": group}


def _with(kept: Kept, content: dict[str, Any]) -> Kept:
    return Kept(
        kept.request, kept.item, kept.key, kept.strategy, kept.stage, kept.slot, kept.parent, kept.passage, content
    )


def _span(kept: Kept) -> dict[str, int | None]:
    """Where the words stand that a refused record gives as its evidence, in its passage."""
    evidence = kept.content.get("evidence")
    if kept.passage is None:
        return {"start": None, "end": None, "chapter": None}
    at = kept.passage.text.find(evidence) if isinstance(evidence, str) and evidence else -1
    return {"start": at, "end": at + len(str(evidence))} if at >= 0 else {"start": None, "end": None}


def words_of(values: Mapping[str, Any]) -> str:
    """What of a record is searched, as terms with blanks between."""
    return " ".join(dict.fromkeys(terms(text_of(values))))


def text_of(values: Mapping[str, Any]) -> str:
    """The searched text of a record."""
    return f"{values['question']}\n{values['answer']}\n{values['aliases']}"
