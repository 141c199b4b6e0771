"""The records of a workspace for the page: the list that is kept up to date behind it, and what people decide."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ..corpus import Chapter, by_book, read_chapters, shelf_lexicons
from ..errors import JianghuError, RunError
from ..messages import tr
from ..names import Lexicon
from ..records import Record
from ..serving.errors import ApiError
from ..serving.open_book import told
from ..synth.browse import RecordIndex, RecordSearch, Row, state_group
from ..synth.edits import Change, Edits, Fields
from ..synth.squeezed import Squeezed
from ..workspace import Workspace
from .events import Event, Events

log = logging.getLogger("jianghu.studio")
ORIGIN = "studio"
AGAIN = 1.5
"""Seconds after which it is looked again whether records have changed."""
LATELY = 60.0
"""Seconds after the last request for which that is done by itself."""
SOON = 1.0
"""Seconds of reading in that nobody needs to know of."""
MOST_PEOPLE = 400
_ENDS = "。！？!?；;\n"


class RecordRoom:
    """What the routes of the records share; made when it is first asked for.

    Raises:
        InputError: nothing is prepared, or edits.jsonl cannot be read.
    """

    def __init__(self, ws: Workspace, events: Events) -> None:
        self.ws, self.events = ws, events
        self._making, self._deciding, self._looking = threading.Lock(), threading.Lock(), threading.Lock()
        self._index: RecordIndex | None = None
        self._edits: Edits | None = None
        self._seen: Edits | None = None  # the thread's own
        self._people: dict[str, list[tuple[str, tuple[str, ...]]]] | None = None
        self._people_of: list[tuple[str, int, int]] = []  # the files from which they were found
        self._asked = self._looked = self._began = 0.0
        self._busy = False
        self.problem = ""

    @property
    def index(self) -> RecordIndex:
        """The index, made if it is not there."""
        with self._making:
            if not self.ws.chapters.exists():
                raise ApiError(404, tr("Nothing is prepared yet: prepare the books first."), "not_prepared")
            if self._index is None or not self._index.path.exists():
                with told():
                    self._index = RecordIndex(self.ws, self.ws.recipe().synth)
            return self._index

    @property
    def reading(self) -> bool:
        """Whether records are being read in, and it takes time."""
        return self._busy and (time.monotonic() - self._began > SOON or not self.search.version())

    @property
    def search(self) -> RecordSearch:
        """What is asked of the index."""
        return RecordSearch(self.index)

    @contextmanager
    def deciding(self) -> Iterator[Edits]:
        """The edits as they are now, for one thread at a time."""
        with self._deciding:
            if self._edits is None:
                self._edits = Edits(self.ws.edits)
            self._edits.refresh()
            yield self._edits

    # What is read

    def look(self) -> None:
        """See in a thread whether records have changed; says so to the pages."""
        self._asked = time.monotonic()
        if self._busy or self._asked - self._looked < AGAIN or not self._looking.acquire(blocking=False):
            return
        self._busy, self._began = True, time.monotonic()
        threading.Thread(target=self._refresh, daemon=True, name="records").start()

    def watch(self) -> Iterable[Event]:
        """Looks by itself while somebody reads."""
        if self._index is not None and time.monotonic() - self._asked < LATELY:
            asked = self._asked
            self.look()
            self._asked = asked
        return ()

    def _refresh(self) -> None:
        changed = False
        try:
            index, before = self.index, self.problem
            index.settings = self.ws.recipe().synth
            self._seen = Edits(self.ws.edits) if self._seen is None else self._seen
            try:
                changed, self.problem = index.refresh(self._seen), ""
            except JianghuError as error:  # what was read before is still shown
                self.problem = str(error)
            changed |= self._learn_people() or self.problem != before
        except JianghuError as error:
            changed, self.problem = self.problem != str(error), str(error)
        except Exception:
            log.exception("the records could not be read")
        finally:
            self._looked, self._busy = time.monotonic(), False
            self._looking.release()
            if changed:
                self.events.publish("records", {"version": self.search.version()})

    def _learn_people(self) -> bool:
        """Find the people of the books again where their files have changed; returns whether they have."""
        paths = [self.ws.chapters, *sorted(self.ws.books.glob("*.lexicon.json"))]
        files_now = [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in paths]
        if files_now == self._people_of:
            return False
        chapters = list(self.chapters().values())
        texts = {book: "\n".join(one.text for one in own) for book, own in by_book(chapters).items()}
        lexicons = shelf_lexicons(self.ws.books, chapters)
        self._people = {book: _people(names, texts[book]) for book, names in lexicons.items()}
        self._people_of = files_now
        return True

    def chapters(self) -> dict[tuple[str, int], Chapter]:
        """(book, chapter) → the chapter, as prepared."""
        found = self.ws.chapters.stat()
        return _chapters(self.ws.chapters, found.st_mtime_ns, found.st_size)

    def people(self) -> dict[str, list[str]]:
        """Book → its people, the most named first; nothing as long as they are being found."""
        return {book: [name for name, _ in rows] for book, rows in (self._people or {}).items()}

    def forms(self, name: str, book: str) -> tuple[str, ...]:
        """The forms of a person's name, of one book or of all."""
        lists = [rows for title, rows in (self._people or {}).items() if book in ("", title)]
        forms = [form for rows in lists for who, own in rows if who == name for form in own]
        return tuple(dict.fromkeys([name, *forms]))

    # What is decided

    def row(self, record_id: str) -> Row:
        """The record of an id.

        Raises:
            ApiError: 404, there is none.
        """
        found = self.search.one(record_id)
        if found is None:
            raise ApiError(404, tr("There is no such record any more."), "no_record")
        return found

    def decide(self, record_id: str, action: Literal["accept", "reject"], wordings: bool) -> list[str]:
        """Accept or reject a record, or all wordings of its fact; returns whose it is told."""
        row = self.row(record_id)
        rows = [one for one in self.search.wordings(row.fact) if not _refused(one)] if wordings else [row]
        with self.deciding() as edits:
            if _refused(row) and edits.decision(row.id) is None:
                if action == "reject":
                    raise ApiError(400, tr("A check has refused this record already."), "refused")
                edits.add("write", [row.record], ORIGIN, group=_group(row), evidence=self._evidence(row))
                rows = [row]
            else:
                edits.add(action, [_made(edits, one) for one in rows], ORIGIN)
            return self._taken(edits, [one.id for one in rows])

    def edit(self, record_id: str, changed: dict[str, object], wordings: bool) -> list[str]:
        """Change a record; its answer also in the other wordings of its fact. Returns whose it is told."""
        row = self.row(record_id)
        own = fields_of(changed)
        rows = [one for one in self.search.wordings(row.fact) if not _refused(one)] if wordings else []
        rows = [row, *(one for one in rows if one.id != row.id)]
        with self.deciding() as edits:
            if _refused(row) and edits.decision(row.id) is None:
                group, evidence = _group(row), self._evidence(row)
                edits.add("edit", [row.record], ORIGIN, [own], group, evidence, take_up=True)
                return self._taken(edits, [row.id])
            answer = own.model_dump(include={"answer", "short_answer", "aliases"})
            fields = [own, *(fields_of({"question": one.question, "kind": one.kind, **answer}) for one in rows[1:])]
            edits.add("edit", [_made(edits, one) for one in rows], ORIGIN, fields)
            return self._taken(edits, [one.id for one in rows])

    def write(self, changed: dict[str, object], book: str, chapter: int | None, evidence: str, like: str) -> list[str]:
        """Write a record of one's own, or another wording of a fact (`like`: the id of one of its records).

        Raises:
            ApiError: 400, the evidence is not in the chapter.
        """
        own, record_id = fields_of(changed), f"own-{uuid.uuid4().hex[:12]}"
        made = {"id": record_id, "source": "written", **own.model_dump()}
        if like:
            row = self.row(like)
            wordings = self.search.wordings(row.fact)
            place = {"book": row.book, "chapter": row.chapter, "start": row.start, "end": row.end, "split": row.split}
            made |= {"fact": row.fact, "wording": max(one.wording for one in wordings) + 1, **place}
            group = _group(row)
        else:
            start, end = self._place(book, chapter, evidence)
            made |= {"fact": record_id, "wording": 1, "split": "train"}
            made |= {"book": book, "chapter": chapter, "start": start, "end": end}
            group = record_id
        record = Record.from_dict(made, record_id)
        with self.deciding() as edits:
            edits.add("write", [record], ORIGIN, group=group, evidence=self._evidence(record))
            return self._taken(edits, [record_id])

    def undo(self, record_id: str | None) -> tuple[list[Change], list[str]]:
        """Take back the newest change, of all records or of one; returns its rows, and whose it is told."""
        with self.deciding() as edits:
            changes = edits.undo(ORIGIN, record_id)
            ids = [change.record.id for change in changes if change.record]
            return changes, self._taken(edits, ids)

    def _taken(self, edits: Edits, ids: Sequence[str]) -> list[str]:
        # While the index is being brought up to date it takes the edits in by itself, at the end.
        with suppress(RunError):
            self.index.take(edits, ids)
        self.events.publish("records", {"ids": list(ids)})
        return list(ids)

    def _place(self, book: str, chapter: int | None, evidence: str) -> tuple[int | None, int | None]:
        found = self.chapters().get((book, chapter or 0))
        if found is None:
            raise ApiError(400, tr("There is no such chapter."), "no_chapter")
        if not evidence.strip():
            return None, None
        span = Squeezed(found.text).find(evidence)
        if span is None:
            raise ApiError(400, tr("The chapter does not hold this evidence word for word."), "no_evidence")
        return span

    def _evidence(self, row: Row | Record) -> str:
        found = self.chapters().get((row.book, row.chapter or 0))
        if found is None or row.start is None or row.end is None:
            return ""
        return found.text[row.start : row.end]


def fields_of(changed: dict[str, object]) -> Fields:
    """What an edit changes; a short answer that is not given is the answer's first clause.

    Raises:
        ApiError: 400, something is missing, or the answer does not hold the short answer.
    """
    own = {name: value.strip() if isinstance(value, str) else value for name, value in changed.items()}
    answer = str(own.get("answer", ""))
    if not own.get("short_answer"):
        own["short_answer"] = next((part for part in _clauses(answer) if part), answer)
    own["kind"] = own.get("kind") or "other"
    for name, word in (("question", tr("The question is empty.")), ("answer", tr("The answer is empty."))):
        if not own.get(name):
            raise ApiError(400, word, "empty")
    try:
        return Fields.model_validate(own)
    except ValidationError:
        message = tr("The answer must hold the short answer, or one of its other forms.")
        raise ApiError(400, message, "short_answer") from None


def _clauses(answer: str) -> list[str]:
    for mark in _ENDS:
        answer = answer.replace(mark, "\n")
    return [part.strip() for part in answer.split("\n")]


def _refused(row: Row) -> bool:
    """Whether a check refused it, and nobody has taken it up."""
    return state_group(row.state) == "refused" and not row.mine


def _group(row: Row) -> str:
    return row.grp or row.fact


def _made(edits: Edits, row: Row) -> Record:
    """A record as it was made, before any change."""
    found = edits.decision(row.id)
    return found.made if found else row.record


def _people(names: Lexicon, text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The people of a lexicon with the forms of their names that are nobody else's, the most named first."""
    owners = names.owners
    found = []
    for name in names.names:
        if name.kind == "person":
            forms = tuple(form for form in (name.name, *name.aliases) if owners.get(form) == name.name)
            found.append((sum(text.count(form) for form in forms), name.name, forms))
    found.sort(key=lambda row: (-row[0], row[1]))
    return [(name, forms) for _, name, forms in found[:MOST_PEOPLE] if forms]


@lru_cache(maxsize=2)
def _chapters(path: Path, changed: int, size: int) -> dict[tuple[str, int], Chapter]:
    return {(one.book, one.chapter): one for one in read_chapters(path)}
