"""How much an account bears: a bucket for what a minute allows, and a number of requests at once that is found out."""

from __future__ import annotations

from dataclasses import dataclass, field

FASTER = 1.0  # more requests in flight, a window of good replies
SLOWER = 0.9  # of the requests in flight, after a refusal
ROUNDING = 1e-6
FIRST = 2.0  # requests in flight at the beginning


@dataclass
class Bucket:
    """A token bucket that fills evenly: any minute sees at most `per_minute` and one more spoonful.

    What is taken is first an estimate; `settle` corrects it. The level may fall below 0 and is then waited for.

    Args:
        per_minute: requests or tokens; 0 for no limit.
        now: seconds, of any clock.
    """

    per_minute: float
    now: float
    level: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self._most

    @property
    def _most(self) -> float:
        # One second's share, but no less than one: a whole minute's share at once would be two in one window.
        return max(1.0, self.per_minute / 60)

    def wait(self, now: float) -> float:
        """Seconds until something may be taken."""
        if not self.per_minute:
            return 0.0
        self._fill(now)
        # A whole unit, for a request; of tokens, which cost many, one is as good as none.
        missing = 1.0 - self.level
        # What is missing by rounding alone would be a wait too short to move a clock.
        return missing * 60 / self.per_minute if missing > ROUNDING else 0.0

    def take(self, amount: float, now: float) -> None:
        """Reserve."""
        self._fill(now)
        self.level -= amount

    def settle(self, taken: float, used: float) -> None:
        """Give back what was reserved and not used, or take what was used beyond."""
        self.level = min(self._most, self.level + taken - used)

    def _fill(self, now: float) -> None:
        self.level = min(self._most, self.level + (now - self.now) * self.per_minute / 60)
        self.now = now


@dataclass
class Window:
    """How many requests may be in flight: one more for each window of good replies, a tenth less after a refusal.

    Additive increase, multiplicative decrease (Chiu and Jain 1989). Until the first refusal it grows with every good
    reply, so that it doubles in a round. After a refusal it is never above what is still in flight, which the server
    bears by its own word: so a limit of the server is found in one round, whatever the window was.

    Attributes:
        most: never above this.
        width: requests allowed in flight.
        flying: requests in flight.
    """

    most: int
    width: float = FIRST
    flying: int = 0
    steady: bool = False
    _epoch: int = 0  # refusals of requests that were sent before the last decrease tell nothing new

    def __post_init__(self) -> None:
        self.width = min(self.width, self.most)

    @property
    def free(self) -> bool:
        """Whether one more may be sent."""
        return self.flying < int(self.width)

    def begin(self) -> int:
        """Count a request in; returns what `refused` wants to know."""
        self.flying += 1
        return self._epoch

    def end(self) -> None:
        """Count a request out."""
        self.flying -= 1

    def good(self) -> None:
        """A request came back well. The window grows only where it was full: else nothing was learned."""
        if self.flying + 1 >= int(self.width):
            self.width = min(self.most, self.width + (FASTER / self.width if self.steady else FASTER))

    def refused(self, epoch: int) -> bool:
        """A request was refused for being too many. Returns whether this is news, the first of its round."""
        news = epoch == self._epoch
        self.steady = True
        if news:
            self._epoch += 1
            self.width *= SLOWER
        self.width = max(1.0, min(self.width, self.flying))
        return news
