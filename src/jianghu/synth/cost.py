"""What a run will ask and cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..llm.budget import Estimate, price
from ..llm.job import Strategy
from ..llm.store import Store
from ..recipe import TeacherSettings

SAMPLE = 200  # open requests whose length is measured


def forecast(strategies: Sequence[Strategy], store: Store, settings: TeacherSettings) -> list[dict[str, Any]]:
    """For each stage of each strategy: requests in all, answered, still to ask, and about what those cost.

    The strategies have been planned. What a request costs is the mean of the stage's replies in the store, else of the
    model's, else a guess from its length; stages that other replies make possible are counted by the strategy.
    """
    rows = []
    for strategy in strategies:
        known = store.states(strategy.name)
        first = store.first_requests(strategy.name)
        for stage, expected in strategy.forecast(first).items():
            states = known.get(f"{strategy.name}/{stage}", {})
            total = max(sum(states.values()), expected)
            done = states.get("read", 0) + states.get("answered", 0)
            tokens_in, tokens_out, basis = _each(strategy.name, stage, store, settings)
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
                    "cost": price(settings, left * tokens_in, left * tokens_out),
                    "basis": basis,
                }
            )
    return rows


def _each(strategy: str, stage: str, store: Store, settings: TeacherSettings) -> tuple[float, float, str]:
    """Tokens in and out of one request, and where the figure comes from."""
    for name, basis in ((stage, "replies of this stage"), (None, "replies of this model")):
        count, tokens_in, tokens_out, _ = store.usage(settings.model, name)
        if count and tokens_in:
            return tokens_in, tokens_out, basis
    bodies = store.open_bodies(strategy, stage, SAMPLE) or store.open_bodies(strategy, None, SAMPLE)
    if not bodies:
        return 0.0, settings.max_tokens / 2, "a guess"
    guessed = [Estimate().of(body) for body in bodies]
    return sum(a for a, _ in guessed) / len(guessed), sum(b for _, b in guessed) / len(guessed), "a guess"
