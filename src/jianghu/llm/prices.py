"""What tokens cost: prices of prompts, of cached prompts and of replies, in peak hours and outside."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone

from ..recipe import TeacherSettings
from ..recipe.teacher import HOURS

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def price(
    settings: TeacherSettings, tokens_in: float, tokens_out: float, cached: float = 0.0, at: float | None = None
) -> float:
    """Money for so many tokens.

    Args:
        cached: of tokens_in, those that the endpoint had in its cache.
        at: by the wall clock; now, if not given. Holidays count like other days: too much rather than too little.
    """
    price_cached = settings.price_in if settings.price_cached is None else settings.price_cached
    money = (tokens_in - cached) * settings.price_in + cached * price_cached + tokens_out * settings.price_out
    return money * (settings.peak_factor if in_peak(settings.peak_hours, at) else 1.0) / 1e6


def in_peak(hours: str, at: float | None = None) -> bool:
    """Whether a time of the wall clock lies in hours such as `Mon-Fri 09:00-12:00 14:00-18:00 +08:00`."""
    found = HOURS.fullmatch(hours)
    if found is None:
        return False
    sign = -1 if found["zone"][0] == "-" else 1
    shift = sign * timedelta(hours=int(found["zone"][1:3]), minutes=int(found["zone"][4:6]))
    now = datetime.fromtimestamp(time.time() if at is None else at, UTC).astimezone(timezone(shift))
    first, last = _DAYS.index(found["first"]), _DAYS.index(found["last"])
    if (now.weekday() - first) % 7 > (last - first) % 7:
        return False
    minute = now.hour * 60 + now.minute
    spans = re.findall(r"(\d\d):(\d\d)-(\d\d):(\d\d)", found["spans"])
    return any(int(a) * 60 + int(b) <= minute < int(c) * 60 + int(d) for a, b, c, d in spans)
