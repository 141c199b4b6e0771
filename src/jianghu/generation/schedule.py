"""Who writes next, when more texts are wanted than can be written at once. Rows go in, decisions come out.

Rows take turns. A row that has never had one goes first and soon, a brief one before all others, so that a short
answer does not wait for long ones; rows that have are served in order, and a share of the places is always theirs, so
that they do not wait for ever either.
"""

from __future__ import annotations

from .row import TURN, Row

FIRST_TURNS = 4
"""Tokens after which a row that has had its first turn gives its place to one that has not; and any to a brief one."""


def next_rows(waiting: list[Row], running: list[Row], places: int) -> list[tuple[Row, Row | None]]:
    """The rows that get a place now, most urgent first, each with the row that has to leave for it.

    Args:
        waiting: in the order in which they came or lost their place.
        running: at most `places`.
    """
    new = [row for row in waiting if row.turns == 0]
    cut = [row for row in waiting if row.turns and row.interrupted]  # only lost its place to be read again
    old = [row for row in waiting if row.turns and not row.interrupted]
    brief = [row for row in new if row.brief]
    new = [row for row in new if not row.brief]
    if old:
        most = places - places // 4
        brief = brief[: max(0, most - sum(row.brief for row in running))]
        new = new[: max(0, most - len(brief) - sum(row.turns == 1 for row in running))]
    leaving = sorted(running, key=lambda row: row.turn, reverse=True)
    chosen: list[tuple[Row, Row | None]] = []
    free = places - len(running)
    for row in [*cut, *brief, *new, *old]:
        if free:
            free -= 1
            chosen.append((row, None))
            continue
        victim = next((other for other in leaving if _yields(other, row)), None)
        if victim is not None:
            leaving.remove(victim)
            chosen.append((row, victim))
    return chosen


def _yields(running: Row, waiting: Row) -> bool:
    """Whether a running row gives its place to a waiting one."""
    if waiting.turns == 0 and (running.turns > 1 or (waiting.brief and not running.brief)):
        return running.turn >= FIRST_TURNS
    return running.turn >= TURN
