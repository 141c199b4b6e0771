"""Who writes next, when more texts are wanted than can be written at once. Rows go in, decisions come out.

Rows take turns. Brief ones go first and stay until they are done; then those that have never had a turn; then the
others in order. A share of the places is for those behind, so that nobody waits for ever.
"""

from __future__ import annotations

from .sequence import TURN, Row

FIRST_TURNS = 4
"""Tokens after which a row gives its place to a brief one; and, if it has had a turn before, to one that has not."""


def in_line(waiting: list[Row]) -> list[Row]:
    """Waiting rows, most urgent first: brief ones, those that have not had a turn, the others."""
    return sorted(waiting, key=lambda row: 0 if row.brief else 1 if row.turns == 0 else 2)


def next_rows(waiting: list[Row], running: list[Row], places: int) -> list[tuple[Row, Row | None]]:
    """The rows that get a place now, most urgent first, each with the row that has to leave for it.

    Args:
        waiting: in the order in which they came or lost their place.
        running: at most `places`.
    """
    line = in_line(waiting)
    brief = [row for row in line if row.brief]
    new = [row for row in line if not row.brief and row.turns == 0]
    old = line[len(brief) + len(new) :]
    brief = brief[: _brief_room(len(new) + len(old), running, places)]
    if old:
        first = sum(row.brief or row.turns == 1 for row in running)
        new = new[: max(0, places - places // 4 - len(brief) - first)]
    leaving = sorted(running, key=lambda row: row.turn, reverse=True)
    chosen: list[tuple[Row, Row | None]] = []
    free = places - len(running)
    for row in [*brief, *new, *old]:
        if free:
            free -= 1
            chosen.append((row, None))
            continue
        victim = next((other for other in leaving if _yields(other, row)), None)
        if victim is not None:
            leaving.remove(victim)
            chosen.append((row, victim))
    return chosen


def _brief_room(others: int, running: list[Row], places: int) -> int:
    """How many more brief rows may write, given how many others wait. These keep a quarter of the places, at least
    one; a single place is shared in time: one brief row, then a first few tokens of another."""
    briefs = sum(row.brief for row in running)
    others += len(running) - briefs
    if places == 1 and others:
        return len(running)
    return max(0, places - min(others, max(1, places // 4)) - briefs)


def _yields(running: Row, waiting: Row) -> bool:
    """Whether a running row gives its place to a waiting one."""
    if running.brief:
        return False
    soon = waiting.brief or (waiting.turns == 0 and running.turns > 1)
    return running.turn >= (FIRST_TURNS if soon else TURN)
