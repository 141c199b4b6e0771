"""What requests will cost, and when a run has spent enough."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..messages import tr
from .store.requests import Body
from .usage import asked_text, tokens_of

SHARE_SAID = 0.5  # of max_tokens, before anything is known


@dataclass
class Estimate:
    """About how many tokens a request takes; learns from each reply.

    Attributes:
        replies, characters, tokens_in, tokens_out: sums over the replies seen.
    """

    replies: int = 0
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def of(self, body: Body) -> tuple[float, float]:
        """Tokens in and out of a request."""
        said = self.tokens_out / self.replies if self.replies else body["max_tokens"] * SHARE_SAID
        if not self.characters:
            return tokens_of(asked_text(body["messages"])), said
        return _length(body) * self.tokens_in / self.characters, said

    def learn(self, body: Body, tokens_in: int | None, tokens_out: int | None) -> None:
        """Take a reply's counts into account."""
        if tokens_in and tokens_out:
            self.replies += 1
            self.characters += _length(body)
            self.tokens_in += tokens_in
            self.tokens_out += tokens_out


def _length(body: Body) -> int:
    return sum(len(message["content"]) for message in body["messages"])


@dataclass
class Budget:
    """What a run may spend; None is no bound. What is in flight is counted with its estimate.

    Attributes:
        requests: different requests to send; further tries do not count.
        money: in the currency of the prices.
        tokens: in and out together.
        begun, spent, used: how much of each is gone.
    """

    requests: int | None = None
    money: float | None = None
    tokens: int | None = None
    begun: int = 0
    spent: float = 0.0
    used: int = 0
    _flying: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def left(self) -> int | None:
        """How many requests may still be begun."""
        return None if self.requests is None else max(0, self.requests - self.begun)

    def refusal(self, money: float, tokens: float) -> str | None:
        """Why a request of this price cannot be sent, or None."""
        if self.money is not None and money + self.spent + sum(one for one, _ in self._flying.values()) > self.money:
            return tr(
                "the budget of {money:g} is reached: {spent:.4g} is spent, and one more would exceed it",
                money=self.money,
                spent=self.spent,
            )
        if self.tokens is not None and tokens + self.used + sum(one for _, one in self._flying.values()) > self.tokens:
            return tr(
                "the budget of {tokens:,} tokens is reached: {used:,} are used", tokens=self.tokens, used=self.used
            )
        return None

    def reserve(self, id_: int, money: float, tokens: float) -> None:
        """Count what a request will cost, until it is known."""
        self._flying[id_] = (money, tokens)

    def settle(self, id_: int, money: float, tokens: int) -> None:
        """Put what was really spent in the place of what was reserved."""
        self._flying.pop(id_, None)
        self.spent += money
        self.used += tokens
