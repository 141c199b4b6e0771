"""What a person decided about records: accepted, rejected, edited, written, undone; kept in edits.jsonl.

A change is a row that is appended and never altered: when, from where, which record as it was made, and what became of
it. The file stands beside synth.sqlite and not in it: a run of the teacher holds that one for hours, records that no
teacher was asked for are edited as well, and `llm/` knows nothing of novels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .. import files
from ..errors import InputError
from ..messages import tr
from ..records import Record, Text
from ..text import normalise

Action = Literal["accept", "reject", "edit", "write", "undo"]
Verdict = Literal["accepted", "rejected"]
WAIT = 10.0  # seconds to wait for another process that is appending


class Fields(BaseModel):
    """What an edit changes of a record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Text
    answer: Text
    short_answer: Text
    aliases: tuple[Text, ...] = ()
    kind: Text

    @model_validator(mode="after")
    def _short_in_answer(self) -> Self:
        told = normalise(self.answer)
        if not any(normalise(form) in told for form in (self.short_answer, *self.aliases)):
            raise ValueError(f"the answer must hold the short answer {self.short_answer!r} or an alias")
        return self


class Change(BaseModel):
    """A row of edits.jsonl.

    Attributes:
        n: number of the change, from 1; rows of one change (all wordings of a fact) share it.
        at: UTC, ISO 8601. origin: where it was made, such as `studio`.
        record: as it was made, before any change; of one's own: as it was written. None for an undo.
        fields: of an edit.
        group: of one's own record: what stays with it in one split. evidence: the words at its span.
        undoes: of an undo: the number of the change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: Annotated[int, Field(ge=1)]
    at: str
    origin: str
    action: Action
    record: Record | None = None
    fields: Fields | None = None
    group: str = ""
    evidence: str = ""
    undoes: int | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needs = {"undo": self.undoes is not None, "edit": self.record is not None and self.fields is not None}
        if not needs.get(self.action, self.record is not None):
            raise ValueError(f"a row of the action {self.action} lacks what it is about")
        return self


@dataclass(frozen=True)
class Decision:
    """What holds of a record after all changes that were not undone.

    Attributes:
        made: the record as it was made. verdict: an edit and a record of one's own count as accepted.
        fields: what an edit put in place of its own. written: whether it is one's own; `group` and `evidence` then are.
    """

    made: Record
    verdict: Verdict
    fields: Fields | None = None
    written: bool = False
    group: str = ""
    evidence: str = ""

    @property
    def record(self) -> Record:
        """The form that counts."""
        return self.apply(self.made)

    def apply(self, record: Record) -> Record:
        """A record with what the edit changed."""
        return record.model_copy(update=self.fields.model_dump()) if self.fields else record


class Edits:
    """The changes in a file, in order; `refresh` takes in what was appended since, by whatever process.

    Raises:
        InputError: a row is none of these; the message names file and line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start_anew()
        self.refresh()

    def _start_anew(self) -> None:
        self._offset = self._line = self._last = 0
        self._changes: dict[int, list[Change]] = {}
        self._of: dict[str, list[Change]] = {}
        self._undone: set[int] = set()
        self._undos: list[Change] = []
        self._holds: tuple[int, int, str] | None = None  # the newest row, and then how much holds, with its hash

    def refresh(self) -> None:
        """Take in what was appended to the file."""
        if not self.path.exists():
            self._start_anew()
            return
        with self.path.open("rb") as source:
            if source.seek(0, 2) < self._offset:  # it was replaced or cut
                self._start_anew()
            source.seek(self._offset)
            data = source.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self._line += 1
            try:
                row = json.loads(line)
            except ValueError:  # a crash left it unfinished
                continue
            self._take(row)

    def _take(self, row: object) -> None:
        try:
            change = Change.model_validate(row)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "-"
            raise InputError(
                tr(
                    "{file}, line {line}: {field}: {why}.",
                    file=self.path.name,
                    line=self._line,
                    field=field,
                    why=first["msg"],
                )
            ) from None
        self._last = max(self._last, change.n)
        if change.undoes is not None:
            self._undone.add(change.undoes)
            self._undos.append(change)
        elif change.record is not None:
            self._changes.setdefault(change.n, []).append(change)
            self._of.setdefault(change.record.id, []).append(change)

    @property
    def last(self) -> int:
        """Number of the newest row; grows with each change."""
        return self._last

    def touched(self, last: int) -> set[str]:
        """Ids of the records that changes after the one of a number changed, or changed back."""
        numbers = [n for n in self._changes if n > last] + [c.undoes for c in self._undos if c.n > last and c.undoes]
        return {change.record.id for n in numbers for change in self._changes.get(n, ()) if change.record}

    def decision(self, record_id: str) -> Decision | None:
        """What holds of a record; None: nothing, or no longer."""
        found: Decision | None = None
        for change in self._of.get(record_id, ()):
            if change.n not in self._undone and change.record is not None:
                found = _after(found, change, change.record)
        return found

    def of(self, record: Record) -> Decision | None:
        """What holds of a record as it was made; None also where another one has come to bear its id."""
        found = self.decision(record.id)
        same = found is not None and (found.made.question, found.made.answer) == (record.question, record.answer)
        return found if same else None

    def decisions(self) -> Iterator[Decision]:
        """All that hold, by the order in which the records were first changed."""
        return (found for record_id in self._of if (found := self.decision(record_id)) is not None)

    def written(self, texts: Mapping[tuple[str, int], str]) -> Iterator[tuple[str, Record]]:
        """One's own records with the group that must stay in one split; those about books that are gone are left out.

        Args:
            texts: (book, chapter) → its text, in which the evidence is found again, wherever it stands now.
        """
        books = {book for book, _ in texts}
        for found in self.decisions():
            if found.written and found.made.book in books:
                yield found.group, _placed(found, texts)

    def history(self, record_id: str) -> list[tuple[Change, bool]]:
        """The changes of a record in order, each with whether it was undone."""
        return [(change, change.n in self._undone) for change in self._of.get(record_id, ())]

    def digest(self) -> str:
        """A hash of all that holds; empty where nothing does. Undoing a change brings back the hash before it."""
        return self._counted()[2]

    def __len__(self) -> int:
        """How many records there are of which a decision holds."""
        return self._counted()[1]

    def _counted(self) -> tuple[int, int, str]:
        if self._holds is None or self._holds[0] != self._last:
            rows = [
                [
                    *(found.made.id, found.made.question, found.made.answer, found.verdict),
                    _fields(found),
                    found.evidence,
                ]
                for found in self.decisions()
            ]
            self._holds = self._last, len(rows), files.sha256_json(sorted(rows, key=str)) if rows else ""
        return self._holds

    def add(
        self,
        action: Literal["accept", "reject", "edit", "write"],
        made: Sequence[Record],
        origin: str,
        fields: Sequence[Fields] = (),
        group: str = "",
        evidence: str = "",
        take_up: bool = False,
    ) -> int:
        """Append a change of one or several records; returns its number.

        Args:
            made: the records as they were made.
            fields: of an edit, one for each record.
            group, evidence: of one's own record.
            take_up: a check refused it: it is first entered as it is, in the same change.

        Raises:
            RunError: another process keeps writing to the file.
        """
        with files.lock(self.path, self.path.name, WAIT):
            self.refresh()
            n, at = self._last + 1, _now()
            row = partial(Change, n=n, at=at, origin=origin)
            entered = partial(row, action="write", group=group, evidence=evidence)
            rows = [entered(record=record) for record in made] if take_up or action == "write" else []
            if action != "write":
                changed: Sequence[Fields | None] = fields or [None] * len(made)
                rows += [row(action=action, record=r, fields=own) for r, own in zip(made, changed, strict=True)]
            self._append(rows)
        return n

    def undo(self, origin: str, record_id: str | None = None) -> list[Change]:
        """Take back the newest change that stands, of any record or of one; returns its rows, none if there is none."""
        with files.lock(self.path, self.path.name, WAIT):
            self.refresh()
            changes = self._of.get(record_id, ()) if record_id is not None else _rows(self._changes.values())
            standing = max((change.n for change in changes if change.n not in self._undone), default=None)
            if standing is None:
                return []
            self._append([Change(n=self._last + 1, at=_now(), origin=origin, action="undo", undoes=standing)])
        return self._changes[standing]

    def _append(self, rows: Sequence[Change]) -> None:
        files.append_jsonl(self.path, *(row.model_dump(mode="json", exclude_defaults=True) for row in rows))
        self.refresh()


def _rows(changes: Iterable[list[Change]]) -> Iterator[Change]:
    return (row for rows in changes for row in rows)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _fields(found: Decision) -> object:
    return found.fields.model_dump() if found.fields else None


def _after(before: Decision | None, change: Change, made: Record) -> Decision | None:
    """What holds after one more change."""
    if change.action == "write":
        return Decision(made, "accepted", None, True, change.group, change.evidence)
    own = (before.written, before.group, before.evidence) if before else (False, "", "")
    fields = change.fields if change.action == "edit" else before.fields if before else None
    return Decision(made, "rejected" if change.action == "reject" else "accepted", fields, *own)


def _placed(found: Decision, texts: Mapping[tuple[str, int], str]) -> Record:
    """One's own record with its evidence where it stands now; without a place where the book no longer holds it."""
    made = found.made
    if made.chapter is None or made.start is None or made.end is None:
        return made
    text = texts.get((made.book, made.chapter), "")
    if text[made.start : made.end] == found.evidence:
        return made
    numbers = [made.chapter, *(chapter for book, chapter in texts if book == made.book)]
    for number in numbers:
        if found.evidence and (at := texts.get((made.book, number), "").find(found.evidence)) >= 0:
            return made.model_copy(update={"chapter": number, "start": at, "end": at + len(found.evidence)})
    return made.model_copy(update={"chapter": None, "start": None, "end": None})
