"""The accepted records of the store as `Record`s, in the order of the shelf."""

from __future__ import annotations

import hashlib

from ..recipe import SynthSettings
from .cloze.sentences import letters
from .record import Record, split_of
from .store import Reader


def collect_records(store: Reader, settings: SynthSettings) -> list[Record]:
    """The accepted records about the shelf's present texts, in the order of the shelf; of equal questions the first.

    Which split a record is in depends on its passage alone, so two records of one passage never part.
    """
    records: list[Record] = []
    asked: set[str] = set()
    for kept in store.kept():
        fields, passage = kept.content, kept.passage
        question = letters(fields["question"])
        if question in asked or passage is None:
            continue
        asked.add(question)
        group = hashlib.sha256(f"{passage.book}\n{passage.text}".encode()).hexdigest()
        name = f"passage-{kept.key[:16]}-{kept.item + 1}"
        records.append(
            Record(
                id=f"{name}-1",
                fact=name,
                wording=1,
                kind=fields["kind"],
                question=fields["question"],
                answer=fields["answer"],
                short_answer=fields["short_answer"],
                aliases=tuple(fields["aliases"]),
                book=passage.book,
                chapter=passage.chapter,
                start=passage.start + fields["start"],
                end=passage.start + fields["end"],
                source="passage",
                split=split_of(group, settings.seed, settings.val_fraction, settings.test_fraction),
            )
        )
    return records
