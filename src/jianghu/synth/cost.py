"""What a run will ask and cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ..llm.budget import Estimate
from ..llm.job import Strategy
from ..llm.prices import price
from ..llm.store import Store
from ..llm.usage import asked_text
from ..recipe import TeacherSettings

SAMPLE = 500  # open requests whose length is measured
NEWEST = 200  # replies by which others are foretold


class Forecast(TypedDict):
    """What a stage of a strategy asks and costs.

    Attributes:
        to_ask: requests without an answer yet; tokens and cost are theirs. basis: where the figures come from.
    """

    strategy: str
    stage: str
    requests: int
    answered: int
    to_ask: int
    tokens_in: int
    tokens_out: int
    cost: float
    basis: str


def forecast(strategies: Sequence[Strategy], store: Store, settings: TeacherSettings) -> list[Forecast]:
    """For each stage of each strategy: requests in all, answered, still to ask, and about what those cost.

    The strategies have been planned. What a request costs is the mean of the stage's replies in the store, else of the
    model's, else a guess from its length; stages that other replies make possible are counted by the strategy.
    """
    rows: list[Forecast] = []
    for strategy in strategies:
        known = store.states(strategy.name)
        first = store.first_requests(strategy.name)
        for stage, expected in strategy.forecast(first).items():
            states = known.get(f"{strategy.name}/{stage}", {})
            total = max(sum(states.values()), expected)
            done = states.get("read", 0) + states.get("answered", 0)
            tokens_in, tokens_out, cached, basis = _each(strategy.name, stage, store, settings)
            left = total - done
            rows.append(
                {
                    "strategy": strategy.name,
                    "stage": stage,
                    "requests": total,
                    "answered": done,
                    "to_ask": left,
                    "tokens_in": round(left * tokens_in),
                    "tokens_out": round(left * tokens_out),
                    "cost": price(settings, left * tokens_in, left * tokens_out, left * cached),
                    "basis": basis,
                }
            )
    return rows


def _each(strategy: str, stage: str, store: Store, settings: TeacherSettings) -> tuple[float, float, float, str]:
    """Tokens in, out and from the cache of one request, and where the figure comes from.

    By the newest replies, for the cache of a provider fills with the first ones; for prompts as long as those that are
    still to be asked.
    """
    bodies = store.open_bodies(strategy, stage, SAMPLE) or store.open_bodies(strategy, None, SAMPLE)
    for name, basis in ((stage, "replies of this stage"), (None, "replies of this model")):
        if rows := store.measured(settings.model, name, NEWEST):
            letters, tokens_in, _, out = (sum(column) for column in zip(*rows, strict=True))
            later = rows[: -(-len(rows) // 2)]  # the newer half, when the cache was warm
            cached = sum(row[2] for row in later) / sum(row[1] for row in later)
            open_ = [len(asked_text(body["messages"])) for body in store.open_bodies(strategy, stage, SAMPLE)]
            length = sum(open_) / len(open_) if open_ else letters / len(rows)
            asked = length * tokens_in / letters
            return asked, out / len(rows), asked * cached, basis
    if not bodies:
        return 0.0, settings.max_tokens / 2, 0.0, "a guess"
    guessed = [Estimate().of(body) for body in bodies]
    return sum(a for a, _ in guessed) / len(guessed), sum(b for _, b in guessed) / len(guessed), 0.0, "a guess"
