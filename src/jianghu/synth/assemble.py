"""All records of a workspace, in one direction: strategies and store → records → splits → repeats left out → files.

A recipe, the books' chapters and an open store go in; data/records comes out. Costs nothing to repeat.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypedDict

from .. import files
from ..corpus import Chapter
from ..errors import InputError
from ..llm.store import Kept, Reader, Store
from ..messages import tr
from ..names import Lexicon
from ..recipe import Recipe, SynthSettings
from ..records import Record, split_of
from ..workspace import Workspace
from .bundled import bundled_records, bundled_statements
from .checks.quote import letters
from .cloze import cloze_records
from .decisions import active_records, decide
from .edits import Edits, Verdict
from .manners import manners_records
from .outside import outside_records
from .selection import hold_back
from .written import facts_files, written_records, written_statements

Made = Literal["cloze", "bundled", "written", "manners"]
"""Sources of records that need no teacher."""
Part = Literal["train", "val", "test", "paraphrase", "val_paraphrase"]
"""Files of data/records."""


class RecordFacts(TypedDict, total=False):
    """Counts for people: records by source, and by file of data/records once they are written.

    Attributes:
        left_out: by reason. set_aside: rows of the store that cannot be read. bundled_left_out: why they are.
        by_hand: records that a person accepted, edited or wrote. edits_lost: changes of records that are no more.
    """

    cloze: int
    bundled: int
    bundled_left_out: str
    written: int
    manners: int
    left_out: dict[str, int]
    set_aside: int
    by_hand: int
    edits_lost: int
    train: int
    val: int
    test: int
    paraphrase: int
    val_paraphrase: int


class Evidence(TypedDict):
    """Where the evidence of a record stands; all but the book None where it is not known."""

    book: str
    chapter: int | None
    start: int | None
    end: int | None


class RecordSet:
    """The records of all strategies of a recipe: first those made without a teacher, then those in the store.

    In the store count all that was imported, and what any strategy brought that was asked and is not excluded:
    it was paid for. Facts that the user wrote down beside a book (BOOK.facts.jsonl) always count.

    Attributes:
        facts: counts for people: how many records each strategy made, what was left out and why.
        made: the records that no teacher was asked for.
        damaged: records of the store that cannot be read; they are passed over.

    Args:
        books: the folder of the user's books.
        must_have: strategies that the user named, besides those of the recipe.
        edits: what a person decided about them.

    Raises:
        InputError: a strategy lacks what it needs.
    """

    def __init__(
        self,
        recipe: Recipe,
        books: Path,
        chapters: list[Chapter],
        lexicons: Mapping[str, Lexicon],
        store: Store,
        must_have: Sequence[str] = (),
        edits: Edits | None = None,
    ) -> None:
        self.store, self.settings, self.lexicons, self.edits = store, recipe.synth, lexicons, edits
        self.facts: RecordFacts = {}
        self.made: list[Record] = []
        self._statements: list[dict[str, str]] = []
        self._wanted = wanted = dict.fromkeys(recipe.synth.strategies)
        if "cloze" in wanted:
            self._add("cloze", cloze_records(chapters, dict(lexicons), recipe.synth))
        if "bundled" in wanted:
            try:
                self._add("bundled", bundled_records(chapters, recipe.synth))
                self._statements = bundled_statements()
            except InputError as reason:  # presets name it, and most shelves hold other books
                if must_have == ("bundled",) or len(wanted) == 1:
                    raise
                self._add("bundled", [])
                self.facts["bundled_left_out"] = str(reason)
        if written := facts_files(books):
            self._add("written", written_records(written, chapters, recipe.synth))
            self._statements += written_statements(written)
        if "manners" in wanted:
            self._add("manners", [*manners_records(chapters), *outside_records(chapters, lexicons)])
        self._sources = {*wanted, "import", *store.planned()} - set(recipe.synth.exclude)
        self.damaged: set[str] = set()
        self._own: list[tuple[str, Record]] = []
        self._applied = edits if edits is not None and edits.last else None
        if self._applied is not None:
            texts = {(chapter.book, chapter.chapter): chapter.text for chapter in chapters}
            self._own = list(self._applied.written(texts))

    def _add(self, name: Made, made: list[Record]) -> None:
        self.facts[name] = len(made)
        self.made += made

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record as it was made, with the group that must stay in one split."""
        for record in self.made:
            yield record.fact, record
        for group, record in stored_records(self.store, self.settings, self.damaged):
            if record.source in self._sources:
                yield group, record
        yield from self._own

    def decide(self) -> None:
        """Decide which records are active, and in which split."""
        met: Counter[Verdict] = Counter()
        self.facts["left_out"] = dict(decide(self.records, self.store, self._names, self._applied, met))
        if self._applied is not None:
            self.facts["by_hand"] = met["accepted"]
            if lost := len(self._applied) - met.total():
                self.facts["edits_lost"] = lost
        if count := len(self.damaged) + len(self.store.damaged):
            self.facts["set_aside"] = count

    def active(self, judged: bool = True) -> Iterator[Record]:
        """The records that are not left out; see `active_records`."""
        return active_records(self.records, self.store, judged, self._applied)

    def write(self, ws: Workspace) -> None:
        """Write data/records: a file for each split, the wordings kept from training for the exam (paraphrase) and for
        choosing the checkpoint (val_paraphrase), and statements of taught facts.

        Raises:
            InputError: there is no record.
        """
        if self.empty:
            raise InputError(self._why_none())
        ws.forget(ws.records)
        parts = self.parts()
        for name, part in parts.items():
            self.facts[name] = files.write_jsonl(ws.records / f"{name}.jsonl", (record.to_dict() for record in part))
        taught = {record.fact for record in parts["train"]} - self._other_answers()
        files.write_jsonl(
            ws.records / "statements.jsonl", (dict(row) for row in self._statements if row["fact"] in taught)
        )

    def _other_answers(self) -> set[str]:
        """Facts to which a person gave another answer: their statements would contradict it."""
        found = self._applied.decisions() if self._applied is not None else ()
        return {one.made.fact for one in found if one.fields and one.fields.short_answer != one.made.short_answer}

    def _why_none(self) -> str:
        """Why there is no record, and what to do."""
        if reasons := self.store.verdicts():
            told = ", ".join(
                f"{reason} {count:,}" for reason, count in sorted(reasons.items(), key=lambda row: -row[1])
            )
            return tr(
                "no records were made: of what the teacher said nothing could be used ({reasons}). `{jianghu} synth "
                "preview` shows its replies; another model, or another prompt (`{jianghu} synth prompts --copy`), may "
                "do better.",
                reasons=told,
            )
        return tr(
            "no records were made: {made}. cloze needs chapters whose people are known; see `{jianghu} books check`, "
            "or ask a teacher: `{jianghu} synth run --strategy facts`.",
            made=", ".join(f"{name} 0" for name in self._wanted) or "-",
        )

    @property
    def empty(self) -> bool:
        """Whether there is no record."""
        return next(self.active(), None) is None

    def parts(self) -> dict[Part, Iterable[Record]]:
        """What each file of data/records holds: name → records. Those of `train` are held in memory."""
        settings = self.settings
        train, exam, val = hold_back(
            self._of("train"),
            settings.paraphrase_fraction,
            settings.exam_wordings,
            settings.seed,
            settings.val_wordings,
        )
        return {
            "train": train,
            "val": self._of("val"),
            "test": self._of("test"),
            "paraphrase": exam,
            "val_paraphrase": val,
        }

    def _of(self, split: str) -> Iterator[Record]:
        return (record for record in self.active() if record.split == split)

    def _names(self, book: str, text: str) -> frozenset[str]:
        lexicon = self.lexicons.get(book)
        return frozenset(lexicon.names_in(text)) if lexicon else frozenset()


def collect_records(store: Store, settings: SynthSettings) -> list[Record]:
    """Decide on the records of the store alone, and return the active ones; for what fits in memory."""

    def records() -> Iterable[tuple[str, Record]]:
        return stored_records(store, settings)

    decide(records, store)
    return list(active_records(records, store))


def stored_records(
    store: Reader, settings: SynthSettings, damaged: set[str] | None = None
) -> Iterator[tuple[str, Record]]:
    """Every accepted record about the shelf's present texts, with the group that must stay in one split.

    Args:
        settings: decide the splits of groups that have none in the store yet; see `decide`.
        damaged: gets the names of records that cannot be read; they are passed over.
    """
    for kept in store.kept():
        name = name_of(kept)
        try:
            found = record_of(kept, name, settings)
        except (KeyError, TypeError, ValueError):  # rows that an older program let in, or that something damaged
            if damaged is not None:
                damaged.add(name)
            continue
        yield found


def name_of(kept: Kept) -> str:
    """What the id of a record of the store begins with; its wording follows."""
    return f"{kept.strategy}-{kept.key[:16]}-{kept.item + 1}"


def record_of(kept: Kept, name: str, settings: SynthSettings) -> tuple[str, Record]:
    """A record of the store with the group that must stay in one split; its fields need not be those of a record.

    Raises:
        KeyError, TypeError, ValueError: they are not.
    """
    fields = kept.content
    evidence = _evidence(kept)
    group = _group(kept, evidence)
    return group, Record(
        id=f"{name}-{fields.get('wording', 1)}",
        fact=fields.get("fact_id", name),
        wording=fields.get("wording", 1),
        kind=fields["kind"],
        question=fields["question"],
        answer=fields["answer"],
        short_answer=fields["short_answer"],
        aliases=tuple(fields["aliases"]),
        source=kept.strategy,  # type: ignore[arg-type]  # strategies that make records are named as sources
        split=split_of(group, settings.seed, settings.val_fraction, settings.test_fraction),
        **evidence,
    )


def _evidence(kept: Kept) -> Evidence:
    """Book, chapter, start and end of a record's evidence."""
    fields, passage = kept.content, kept.passage
    if passage is None:  # an imported record, whose evidence, if any, was searched for in the book
        return {
            "book": fields["book"],
            "chapter": fields.get("chapter"),
            "start": fields.get("start"),
            "end": fields.get("end"),
        }
    place: Evidence = {"book": passage.book, "chapter": passage.chapter, "start": None, "end": None}
    if fields.get("start") is not None:
        place["start"], place["end"] = passage.start + fields["start"], passage.start + fields["end"]
    return place


def _group(kept: Kept, evidence: Evidence) -> str:
    """What must stay together in one split: all records of a passage, else of a place, else of a question."""
    if kept.passage is not None:
        return hashlib.sha256(f"{kept.passage.book}\n{kept.passage.text}".encode()).hexdigest()
    if evidence["start"] is not None:
        return f"{evidence['book']}\n{evidence['chapter']}\n{evidence['start']}"
    return f"{evidence['book']}\n{letters(kept.content['question'])}"
