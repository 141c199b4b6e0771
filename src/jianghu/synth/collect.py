"""The accepted records of the store as `Record`s, one by one in the order of the shelf, as they came."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ..llm.store import Kept, Reader
from ..recipe import SynthSettings
from ..records import Record, split_of
from .checks.quote import letters


def grouped_records(store: Reader, settings: SynthSettings) -> Iterator[tuple[str, Record]]:
    """Every accepted record about the shelf's present texts, with the group that must stay in one split.

    Args:
        settings: decide the splits of groups that have none in the store yet; see `settle`.
    """
    for kept in store.kept():
        fields = kept.content
        name = f"{kept.strategy}-{kept.key[:16]}-{kept.item + 1}"
        fact = fields.get("fact_id", name)
        where = _where(kept)
        group = _group(kept, where)
        yield (
            group,
            Record(
                id=f"{name}-{fields.get('wording', 1)}",
                fact=fact,
                wording=fields.get("wording", 1),
                kind=fields["kind"],
                question=fields["question"],
                answer=fields["answer"],
                short_answer=fields["short_answer"],
                aliases=tuple(fields["aliases"]),
                source=kept.strategy,  # type: ignore[arg-type]  # strategies that make records are named as sources
                split=split_of(group, settings.seed, settings.val_fraction, settings.test_fraction),
                **where,
            ),
        )


def _where(kept: Kept) -> dict[str, Any]:
    """Book, chapter, start and end of a record's evidence."""
    fields, passage = kept.content, kept.passage
    if passage is None:  # it was found in the book, if at all, not given by a passage
        return {name: fields.get(name) for name in ("book", "chapter", "start", "end")}
    where: dict[str, Any] = {"book": passage.book, "chapter": passage.chapter, "start": None, "end": None}
    if fields.get("start") is not None:
        where |= {"start": passage.start + fields["start"], "end": passage.start + fields["end"]}
    return where


def _group(kept: Kept, where: dict[str, Any]) -> str:
    """What must stay together in one split: all records of a passage, else of a place, else of a question."""
    if kept.passage is not None:
        return hashlib.sha256(f"{kept.passage.book}\n{kept.passage.text}".encode()).hexdigest()
    if where["start"] is not None:
        return f"{where['book']}\n{where['chapter']}\n{where['start']}"
    return f"{where['book']}\n{letters(kept.content['question'])}"
