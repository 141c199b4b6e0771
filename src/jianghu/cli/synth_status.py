"""How `synth status` and `coverage` are shown: where the teacher's work stands, what the records cover."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..llm.failures import outcome_words
from ..messages import phrase, tr
from ..progress import clock, short
from ..report.names import reason_name, source_name, state_name
from . import output
from .output import console

if TYPE_CHECKING:
    from ..llm.pool import AccountStatus
    from ..synth.coverage import BookCoverage, Brief, ChapterCoverage
    from ..synth.preview import TeacherStatus

STATES = ("open", "waiting", "sent", "answered", "read", "failed", "aside")
WIDE = 12  # characters of the longest bar


def show(facts: TeacherStatus, as_json: bool) -> None:
    """Print where the teacher's work stands."""
    if as_json:
        output.as_json(facts)
    else:
        console.print(_status(facts))


def watch(look: Callable[[], TeacherStatus]) -> None:
    """Show it again every second, until Ctrl-C."""
    shown = Live(_status(look()), console=console, auto_refresh=False)
    with contextlib.suppress(KeyboardInterrupt), shown as live:
        while True:
            time.sleep(1.0)
            live.update(_status(look()), refresh=True)


def _status(facts: TeacherStatus) -> RenderableType:
    parts: list[RenderableType] = [_written(facts["written"])]
    if facts["requests"]:
        parts += [Text(""), _requests(facts["requests"]), *map(Text, _teacher(facts))]
    else:
        parts.append(Text(tr("No teacher was asked.")))
    if facts["accounts"]:
        parts.append(_accounts(facts["accounts"]))
    parts += [Text(f"{book}: {brief_words(brief)}") for book, brief in facts["coverage"].items()]
    return Group(*parts)


def _written(files: dict[str, dict[str, int]]) -> Table:
    """What each file of data/records holds, by where it comes from."""
    table = Table(tr("data/records"), box=None, padding=(0, 2, 0, 0))
    table.add_column(tr("records"), justify="right")
    table.add_column(tr("from where"))
    for name, counts in files.items():
        sources = ", ".join(f"{source_name(source)} {count:,}" for source, count in counts.items())
        table.add_row(phrase(name), f"{sum(counts.values()):,}", sources)
    return table


def _requests(stages: dict[str, dict[str, int]]) -> Table:
    table = Table(tr("requests"), box=None, padding=(0, 1, 0, 0))
    for state in STATES:
        table.add_column(str(state_name(state)), justify="right")
    for name, counts in stages.items():
        table.add_row(name, *(f"{counts.get(state, 0):,}" for state in STATES))
    return table


def _teacher(facts: TeacherStatus) -> list[str]:
    """What was sent, what came of it and what it cost, a line each."""
    rejected = ", ".join(f"{reason_name(name)} {count:,}" for name, count in facts["rejected"].items())
    sendings = ", ".join(f"{outcome_words(name)} {count:,}" for name, count in facts["sendings"].items())
    lines = [
        tr(
            "accepted records {records:,}; rejected: {reasons}",
            records=facts["records"],
            reasons=rejected or tr("none"),
        ),
        tr("sendings: {outcomes}", outcomes=sendings or tr("none")),
        tr("tokens {tokens}, cost {cost:.2f}", tokens=short(facts["tokens"]), cost=facts["cost"]),
    ]
    if facts["cost_per_record"]:
        lines.append(tr("{cost:.4f} for each accepted record", cost=facts["cost_per_record"]))
    if facts["cached"]:
        lines.append(tr("{share:.0%} of the prompts' tokens came from a cache", share=facts["cached"]))
    if facts["estimated"]:
        lines.append(tr("the tokens of {count:,} replies are estimated", count=facts["estimated"]))
    if facts["running"]:
        now = tr("running: {replies:.0f} replies a minute", replies=facts["replies_per_minute"])
        if facts["minutes_left"]:
            now += tr(", about {time} left", time=clock(facts["minutes_left"] * 60))
        lines.append(now)
    elif facts["ended"]:
        lines.append(tr("ended: {why}", why=facts["ended"]))
    return lines


def _accounts(rows: list[AccountStatus]) -> Table:
    table = Table(tr("keys"), tr("at once"), tr("in flight"), tr("rests"), "", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        name = " ".join(row["keys"]).strip() or row["endpoint"]
        rests = tr("{seconds:.0f} s", seconds=row["rests"]) if row["rests"] else ""
        table.add_row(name, str(row["at_once"]), str(row["in_flight"]), rests, Text(row["dead"]))
    return table


def brief_words(brief: Brief) -> str:
    """The coverage of a book in one line."""
    silent, people = brief["people_without_questions"], brief["people"]
    if not people:
        asked = tr("no names of people are known")
    elif silent is None:
        asked = tr("people not counted yet")
    else:
        asked = tr("{silent:,} of {people:,} people without questions", silent=silent, people=people)
    return tr(
        "{chapters:,} chapters, {facts:,} without facts and {records:,} without records; {asked}",
        chapters=brief["chapters"],
        facts=brief["chapters_without_facts"],
        records=brief["chapters_without_records"],
        asked=asked,
    )


def coverage(books: dict[str, BookCoverage], as_json: bool) -> None:
    """Print what is covered: a table of chapters for each book, and the people of whom no question speaks."""
    if as_json:
        output.as_json(books)
        return
    for book, row in books.items():
        console.print(_chapters(book, row["chapters"]))
        console.print(Text(brief_words(row["brief"])))
        silent = "、".join(f"{name} {count:,}" for name, count in row["people"]["silent"].items())
        told = tr("no question speaks of (with how often the book names them): {names}", names=silent or tr("none"))
        console.print(Text(f"{told}\n"))


def _chapters(book: str, rows: list[ChapterCoverage]) -> Table:
    """A row a chapter, with bars for its facts and records."""
    most_facts, most_records = (
        max([1, *counts]) for counts in ([r["facts"] for r in rows], [r["records"] for r in rows])
    )
    table = Table("", tr("chapter"), box=None, padding=(0, 2, 0, 0), title=book, title_justify="left")
    table.add_column(tr("characters"), justify="right")
    for head in (tr("facts"), tr("records")):
        table.add_column(head, justify="right")
        table.add_column("", no_wrap=True)
    for row in rows:
        cells: list[str | Text] = []
        for count, largest in ((row["facts"], most_facts), (row["records"], most_records)):
            cells += [f"{count:,}", Text("█" * -(-WIDE * count // largest))]
        style = "" if row["facts"] or row["records"] else "red"
        table.add_row(str(row["chapter"]), Text(row["title"]), f"{row['characters']:,}", *cells, style=style)
    return table
