"""An account at an endpoint: its keys, what it bears, and when it must be left alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..messages import tr
from .endpoint import Endpoint
from .failures import outcome_words
from .keys import Key
from .limits import Bucket, Window
from .store import Reply

FIRST_REST, LONGEST_REST = 1.0, 60.0  # seconds; the span of the backoff of an account that is refused
PATIENCE = 3  # failures in a row that are the provider's trouble, before its accounts rest
MAX_STRAIN = 20  # rounds of refusals without a good reply after which an account is given up
_SPOKE = {"ok", "truncated", "empty", "invalid", "filtered", "too_long", "bad_request"}
"""Outcomes that show that the endpoint lets us in."""


@dataclass(frozen=True)
class Sending:
    """A request on its way: with which key, and what was reserved for it."""

    account: Account
    key: Key
    tokens: float
    epoch: int


@dataclass(eq=False)
class Account:
    """What one account may do now. All times are in seconds of one clock.

    Attributes:
        rest_until: nothing is sent before.
        strain: rounds of refusals in a row.
        dead: why it is not used any more.
    """

    endpoint: Endpoint
    keys: Sequence[Key]
    window: Window
    requests: Bucket
    tokens: Bucket
    retries: int
    rest_until: float = 0.0
    strain: int = 0
    dead: str = ""
    _rest_ends: float = field(default=0.0, repr=False)

    @property
    def alive(self) -> bool:
        """Whether any key of it may still be used."""
        return not self.dead and any(not key.dead for key in self.keys)

    @property
    def load(self) -> float:
        """Requests in flight as a share of what it bears."""
        return self.window.flying / self.window.width

    def wait(self, now: float) -> float | None:
        """Seconds until it may send one more; None where that depends on a reply to come."""
        if not self.window.free or not (self.endpoint.proven or self.endpoint.flying == 0):
            return None
        return max(self.rest_until - now, self.requests.wait(now), self.tokens.wait(now), 0.0)

    def begin(self, key: Key, tokens: float, now: float) -> Sending:
        """Count a request in, and reserve its tokens."""
        self.requests.take(1, now)
        self.tokens.take(tokens, now)
        key.flying += 1
        self.endpoint.flying += 1
        return Sending(self, key, tokens, self.window.begin())

    def end(self, sending: Sending, reply: Reply, now: float) -> None:
        """Count a request out, settle its tokens, and learn from what came of it."""
        sending.key.flying -= 1
        self.endpoint.flying -= 1
        self.window.end()
        used = (reply.tokens_in or 0) + (reply.tokens_out or 0)
        # Where the server does not count, the estimate stands; what was refused has cost nothing.
        self.tokens.settle(sending.tokens, used or (sending.tokens if reply.outcome in _SPOKE else 0))
        if reply.outcome in _SPOKE:
            self.strain = 0
            self.window.good()
        elif reply.outcome in ("invalid_key", "account_blocked", "not_found"):
            words = f"{outcome_words(reply.outcome)} ({reply.detail})"
            if reply.outcome == "invalid_key":
                sending.key.dead = words
            else:
                self.dead = words
        elif reply.outcome == "quota_exhausted":
            self.rest_until = max(self.rest_until, now + (reply.wait or 0.0))
        else:
            self._strained(sending, reply, now)

    def _strained(self, sending: Sending, reply: Reply, now: float) -> None:
        """Send less after rate_limited and timeout; rest after Retry-After, and when refusals go on."""
        if reply.outcome in ("rate_limited", "timeout"):
            news = self.window.refused(sending.epoch)
        else:
            news = now >= self._rest_ends
        if reply.wait is not None:
            self.rest_until = max(self.rest_until, now + reply.wait)
        if not news:
            return
        self.strain += 1
        if reply.outcome == "unreachable" and self.strain > self.retries:
            self.dead = tr("cannot be reached, after {count} tries: {words}", count=self.strain, words=reply.detail)
        elif self.strain >= MAX_STRAIN:
            self.dead = tr(
                "{count} refusals in a row, the last: {words}",
                count=self.strain,
                words=f"{outcome_words(reply.outcome)} ({reply.detail})",
            )
        patience = PATIENCE if reply.outcome == "server_error" else 1 if self.window.width > 1 else 0
        if reply.wait is None and self.strain > patience:
            # Full jitter (Brooker 2015): many clients that were refused at once do not come back at once.
            most = min(LONGEST_REST, FIRST_REST * 2 ** (self.strain - patience - 1))
            self.rest_until = max(self.rest_until, now + random.uniform(0, most))
        self._rest_ends = max(self.rest_until, now)
