"""All records of a workspace, in one direction: strategies and store → records → splits → repeats left out → files.

A recipe, the books' chapters and an open store go in; data/records comes out. Costs nothing to repeat.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from .decisions import Deciding, Decisions
from .manners import manners_records
from .outside import outside_records
from .selection import Names, find_repeats, hold_back, no_names
from .written import facts_files, written_records, written_statements

Grouped = Callable[[], Iterable[tuple[str, Record]]]
"""Gives records in order, anew each time, so that they need not be held; each with the group that must stay in one
split (its fact, or more)."""


Made = Literal["cloze", "bundled", "written", "manners"]
"""Sources of records that need no teacher."""
Part = Literal["train", "val", "test", "paraphrase", "val_paraphrase"]
"""Files of data/records."""


class RecordFacts(TypedDict, total=False):
    """Counts for people: records by source, and by file of data/records once they are written.

    Attributes:
        left_out: by reason. set_aside: rows of the store that cannot be read. bundled_left_out: why they are.
    """

    cloze: int
    bundled: int
    bundled_left_out: str
    written: int
    manners: int
    left_out: dict[str, int]
    set_aside: int
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
    ) -> None:
        self.store, self.settings, self.lexicons = store, recipe.synth, lexicons
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

    def _add(self, name: Made, made: list[Record]) -> None:
        self.facts[name] = len(made)
        self.made += made

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record with the group that must stay in one split."""
        for record in self.made:
            yield record.fact, record
        for group, record in stored_records(self.store, self.settings, self.damaged):
            if record.source in self._sources:
                yield group, record

    def decide(self) -> None:
        """Decide which records are active, and in which split."""
        self.facts["left_out"] = dict(decide(self.records, self.store, self._names))
        if count := len(self.damaged) + len(self.store.damaged):
            self.facts["set_aside"] = count

    def active(self, judged: bool = True) -> Iterator[Record]:
        """The records that are not left out; see `active_records`."""
        return active_records(self.records, self.store, judged)

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
        taught = {record.fact for record in parts["train"]}
        files.write_jsonl(
            ws.records / "statements.jsonl", (dict(row) for row in self._statements if row["fact"] in taught)
        )

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


def decide(records: Grouped, store: Store, names: Names = no_names) -> Mapping[str, int]:
    """Decide on all records: splits of new groups, then what repeats what.

    A group that has a split keeps it, whatever the settings say now: what was in a test once is never trained on.

    Returns:
        How many records are left out, by reason.
    """
    deciding = Deciding(store)
    deciding.set_splits((group, record.split) for group, record in records())
    repeats = find_repeats(_in_final_splits(records, store), names)
    return deciding.set_repeats((repeat.id, repeat.of, repeat.why, repeat.similarity) for repeat in repeats)


def active_records(records: Grouped, store: Reader, judged: bool = True) -> Iterator[Record]:
    """The records that are not left out, each in the split that its group has for good.

    Args:
        judged: leave out also what the judge refused whose verdicts count.
    """
    decisions = Decisions(store)
    for record in _in_final_splits(records, store):
        if decisions.repeated(record.id) is None and not (judged and decisions.refused(record.id)):
            yield record


def _in_final_splits(records: Grouped, store: Reader) -> Iterator[Record]:
    decisions = Decisions(store)
    for group, record in records():
        split = decisions.split(group)
        yield record if split in (None, record.split) else record.model_copy(update={"split": split})


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
        name = f"{kept.strategy}-{kept.key[:16]}-{kept.item + 1}"
        try:
            found = _record(kept, name, settings)
        except (KeyError, TypeError, ValueError):  # rows that an older program let in, or that something damaged
            if damaged is not None:
                damaged.add(name)
            continue
        yield found


def _record(kept: Kept, name: str, settings: SynthSettings) -> tuple[str, Record]:
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
