"""What the page is shown of records: rows with their words, a passage around the evidence, what covers what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from ..llm.store import Reader
from ..messages import Both, language
from ..report.names import kind_name, reason_name, source_name, split_name
from ..synth.browse import FINISHED, LEFT_OUT, Row, state_group
from ..synth.decisions import Decisions
from ..synth.edits import Change
from ..workspace import Workspace
from .records import RecordRoom

AROUND = 12_000
"""Characters of a chapter that are sent before and after a passage."""
COLUMNS = ("book", "kind", "source", "state", "mine")
"""Columns whose values are counted."""


def counted_in(counts: dict[str, object], name: str) -> dict[str, int]:
    """How many records have each value of a column."""
    found = counts[name]
    assert isinstance(found, dict)
    return found


def labelled(counts: dict[str, int], name_of: Callable[[str], Both]) -> list[dict[str, object]]:
    """Values with how they are called and how often they come."""
    return [{"value": value, "label": here(name_of(value)), "count": count} for value, count in counts.items()]


def here(words: Both) -> str:
    """A text in the reader's language."""
    return words.zh if language() == "zh" else words.en


def state_words(state: str) -> Both:
    """A state of a record, as people say it."""
    if state in FINISHED:
        return split_name(state)
    return reason_name(state)


def shown(row: Row) -> dict[str, object]:
    """A record in the list."""
    names = (
        "id",
        "question",
        "answer",
        "short_answer",
        "book",
        "chapter",
        "kind",
        "source",
        "state",
        "mine",
        "wording",
    )
    return {
        **{name: getattr(row, name) for name in names},
        "group": state_group(row.state),
        "kind_label": here(kind_name(row.kind)),
        "source_label": here(source_name(row.source)),
        "state_label": here(state_words(row.state)),
    }


def standing(ws: Workspace, room: RecordRoom) -> dict[str, object]:
    """Whether there is something to take back, and whether data/records has all that was decided."""
    with room.deciding() as edits:
        digest, decided = edits.digest(), len(edits)
    then = ws.recorded(ws.records)
    applied = then.inputs.get(ws.shown(ws.edits), "") if then else ""
    return {"can_undo": decided > 0, "decided": decided, "unapplied": digest != applied}


def shown_change(change: Change, undone: bool) -> dict[str, object]:
    """A change in the history of a record."""
    return {"at": change.at, "origin": change.origin, "action": change.action, "undone": undone}


def passage_of(room: RecordRoom, row: Row) -> dict[str, object] | None:
    """The chapter in pieces: before, inside and after the evidence; without evidence all of it is after `at`."""
    chapter = room.chapters().get((row.book, row.chapter or 0))
    if chapter is None:
        return None
    text = chapter.text
    start, end = (row.start, row.end) if row.start is not None and row.end is not None else (row.at or 0, row.at or 0)
    start, end = min(start, len(text)), min(end, len(text))
    return {
        "book": row.book,
        "chapter": row.chapter,
        "title": chapter.title,
        "before": text[max(0, start - AROUND) : start],
        "inside": text[start:end],
        "after": text[end : end + AROUND],
        "cut_before": start > AROUND,
        "cut_after": end + AROUND < len(text),
    }


def earlier_of(ws: Workspace, room: RecordRoom, row: Row) -> dict[str, object] | None:
    """The record that one repeats, contradicts or gives away."""
    if row.state not in LEFT_OUT or not ws.store.exists():
        return None
    with Reader(ws.store) as store:
        found = Decisions(store).earlier(row.id)
    other = room.search.one(found[0]) if found else None
    return shown(other) if other else None


def coverage_of(room: RecordRoom) -> dict[str, object]:
    """Book → chapters, each with how many records of each kind there are, and how many a person decided on."""
    counted: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rejected: dict[tuple[str, int], int] = defaultdict(int)
    decided: dict[tuple[str, int], int] = defaultdict(int)
    kinds: dict[str, int] = defaultdict(int)
    nowhere: dict[str, int] = defaultdict(int)
    for book, chapter, kind, state, mine, count in room.search.coverage():
        if state_group(state) not in ("in", "new") and not mine:
            continue
        place = (book, chapter or 0)
        if mine:
            decided[place] += count
        if mine == "rejected":
            rejected[place] += count
        elif chapter is None:
            nowhere[book] += count
        else:
            counted[place][kind] += count
            kinds[kind] += count
    books: dict[str, list[dict[str, object]]] = defaultdict(list)
    for place, told in room.chapters().items():
        books[place[0]].append(
            {
                "chapter": place[1],
                "title": told.title,
                "characters": len(told.text),
                "kinds": counted.get(place, {}),
                "rejected": rejected.get(place, 0),
                "decided": decided.get(place, 0),
            }
        )
    return {
        "books": [{"name": name, "chapters": rows, "nowhere": nowhere.get(name, 0)} for name, rows in books.items()],
        "kinds": sorted(kinds, key=lambda kind: (-kinds[kind], kind)),
    }
