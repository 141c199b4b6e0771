"""Where the teacher's work stands, for people who look from another terminal: counts, speed, keys, reasons."""

from __future__ import annotations

import time
from typing import TypedDict

from .pool import AccountStatus
from .store import Reader

LATELY = 60.0  # seconds over which the speed is counted
MAX_COUNTED = 30_000  # newest replies that are looked at for it
FRESH = 10.0  # seconds after which the note of a running pool is old


class Status(TypedDict):
    """Where the requests of a store stand.

    Attributes:
        requests: "strategy/stage" → state → how many.
        rejected: items by the reason against them. sendings: by outcome.
        estimated: replies whose tokens are estimated. cached: share of the prompts' tokens that came from a cache.
        ended: why the last run ended early.
    """

    requests: dict[str, dict[str, int]]
    left: int
    records: int
    facts: int
    rejected: dict[str, int]
    sendings: dict[str, int]
    tokens: int
    cost: float
    estimated: int
    cached: float
    cost_per_record: float | None
    replies_per_minute: float
    minutes_left: float | None
    running: bool
    ended: str | None
    accounts: list[AccountStatus]


def status(store: Reader) -> Status:
    """Requests by strategy, stage and state; records and rejections by reason; sendings by outcome; what it cost.

    Reads counts from indexes alone, so that it is quick however many requests there are.
    """
    states, outcomes, records = store.states(), store.outcomes(), store.verdicts()
    tokens, cost = store.spent()
    cached, asked = store.cached()
    left = sum(n for stage in states.values() for state, n in stage.items() if state in ("open", "waiting", "sent"))
    per_minute = store.received_since(time.time() - LATELY, MAX_COUNTED) * 60 / LATELY
    accepted = records.pop("accepted", 0)
    pool = store.get_meta("pool") or {}
    running = pool.get("ended") is None and time.time() - pool.get("at", 0.0) < FRESH
    return {
        "requests": states,
        "left": left,
        "records": accepted,
        "facts": store.verdicts("fact").get("accepted", 0),
        "rejected": records,
        "sendings": outcomes,
        "tokens": tokens,
        "cost": cost,
        "estimated": store.estimated(),
        "cached": cached / asked if asked else 0.0,
        "cost_per_record": cost / accepted if accepted else None,
        "replies_per_minute": per_minute,
        "minutes_left": left / per_minute if running and per_minute else None,
        "running": running,
        "ended": pool.get("ended"),
        "accounts": pool.get("accounts", []),
    }
