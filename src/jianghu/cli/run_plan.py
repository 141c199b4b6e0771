"""What `run` says before it begins, and `status` at any time: what is done with each stage, why, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from ..messages import tr
from ..progress import clock
from . import output

if TYPE_CHECKING:
    from ..pipeline import Planned


def show(rows: Sequence[Planned]) -> None:
    """A row a stage, and below the time of all training."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for row in rows:
        time = tr("about {time}", time=clock(row.seconds)) if row.seconds is not None else ""
        table.add_row(row.name, "\n".join([state(row), *_notes(row)]), time)
    output.console.print(table)
    if seconds := sum(row.seconds or 0 for row in rows):
        output.say(tr("Training takes about {time} on this machine, as busy as it is now.", time=clock(seconds)))


def state(row: Planned) -> str:
    """Whether a stage is fresh, and if not, why it is done."""
    after = ", ".join(row.after)
    if row.why is None:
        return tr("after {stages}", stages=after) if after else tr("fresh")
    return tr("{why}; after {stages}", why=row.why, stages=after) if after else row.why


def _notes(row: Planned) -> list[str]:
    """What becomes of what is there."""
    notes = []
    if row.flags:
        notes.append(tr("kept as it was made, with {flags} (--by-recipe makes it anew)", flags=row.flags))
    if row.resumes:
        notes.append(tr("goes on where it was left"))
    if row.aside:
        notes.append(tr("what is there now is kept as {folder}", folder=row.aside))
    return notes
