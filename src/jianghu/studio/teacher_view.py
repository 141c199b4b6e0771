"""The teacher at work, for the page: what was asked, what came, what it costs, what the checks refused."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..errors import InputError
from ..llm.failures import outcome_words
from ..llm.status import status
from ..llm.store import Reader
from ..report.names import reason_name, state_name
from ..workspace import Workspace
from .events import Event
from .record_views import labelled

TEACHER_SECONDS = 2.0
"""Seconds between two looks."""


class TeacherWatcher:
    """Tells where the teacher's work stands, whenever that has changed."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self._looked, self._stamp, self._told = 0.0, (0, 0), ""

    def __call__(self) -> Iterable[Event]:
        """What is new."""
        if time.monotonic() - self._looked < TEACHER_SECONDS:
            return ()
        self._looked = time.monotonic()
        paths = [self.ws.store, self.ws.store.with_name(f"{self.ws.store.name}-wal")]
        stamp = sum((path.stat().st_mtime_ns for path in paths if path.exists()), 0), len(paths)
        if stamp == self._stamp:
            return ()
        first, self._stamp = self._stamp == (0, 0), stamp
        return () if first else [("teacher", {})]

    def look(self) -> dict[str, object]:
        """Everything as it is now; `asked` is false where no teacher ever was."""
        if not self.ws.store.exists():
            return {"asked": False}
        try:
            with Reader(self.ws.store) as store:
                found = status(store)
        except InputError as error:
            return {"asked": False, "problem": str(error)}
        teacher = self.ws.recipe().synth.teacher
        total = sum(sum(states.values()) for states in found["requests"].values())
        names = ("left", "records", "facts", "tokens", "cost", "cost_per_record", "replies_per_minute", "minutes_left")
        return {
            "asked": bool(total),
            "total": total,
            **{name: found[name] for name in (*names, "running", "ended", "estimated", "cached")},  # type: ignore[literal-required]
            "currency": teacher.currency,
            "model": teacher.model,
            "stages": [
                {"name": name, "states": labelled(states, state_name)} for name, states in found["requests"].items()
            ],
            "rejected": labelled(found["rejected"], reason_name),
            "sendings": [
                {"value": name, "label": outcome_words(name), "count": count}
                for name, count in found["sendings"].items()
            ],
            "keys": [
                {
                    "name": " ".join(row["keys"]).strip() or row["endpoint"],
                    **{name: row[name] for name in ("at_once", "in_flight", "rests", "dead")},
                }
                for row in found["accounts"]
            ],
        }
