"""Records of any lengths in rows of one length: none cut, little room left over."""

from __future__ import annotations

from collections.abc import Sequence


def pack(lengths: Sequence[int], block_size: int, facts: Sequence[str] | None = None) -> list[list[int]]:
    """Put records into rows of block_size tokens, none cut: best fit, longest first (Johnson 1973).

    Args:
        lengths: tokens of each record, each at most block_size.
        facts: what each record is about; a row holds no fact twice. "" is about nothing in particular.

    Returns:
        For each row the indices of its records.
    """
    rows: list[list[int]] = []
    held: list[set[str]] = []
    by_room: list[list[int]] = [[] for _ in range(block_size + 1)]
    free = 0  # bit r is set if some row has room for r tokens, so that the best fit is found at once
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        length, fact = lengths[index], facts[index] if facts else ""
        room, place = _best_fit(by_room, free >> length << length, held, fact)
        if place is None:
            rows.append([])
            held.append(set())
            row, room = len(rows) - 1, block_size
        else:
            row = by_room[room].pop(place)
            if not by_room[room]:
                free ^= 1 << room
        rows[row].append(index)
        held[row] |= {fact} - {""}
        by_room[room - length].append(row)
        free |= 1 << room - length
    return rows


def _best_fit(by_room: list[list[int]], free: int, held: list[set[str]], fact: str) -> tuple[int, int | None]:
    """The least room among the bits of `free` with a row that does not hold the fact, and that row's place in it."""
    while free:
        room = (free & -free).bit_length() - 1
        for place in range(len(by_room[room]) - 1, -1, -1):
            if fact not in held[by_room[room][place]]:
                return room, place
        free &= free - 1
    return 0, None
