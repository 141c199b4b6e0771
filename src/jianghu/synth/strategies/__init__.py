"""The ways to get something out of a teacher; each is a `Strategy`."""

from __future__ import annotations

from collections.abc import Iterable

from ...llm.prompts import Prompts
from ...recipe import SynthSettings
from ..books import Shelf
from .base import BaseStrategy
from .basics import BasicsStrategy
from .facts import FactsStrategy
from .lexicon import LexiconStrategy
from .passage import PassageStrategy
from .rewrite import RewriteStrategy
from .rolling import RollingStrategy

AnyStrategy = LexiconStrategy | BasicsStrategy | FactsStrategy | PassageStrategy | RollingStrategy | RewriteStrategy

_KINDS = (LexiconStrategy, BasicsStrategy, FactsStrategy, PassageStrategy, RollingStrategy, RewriteStrategy)
STRATEGIES: dict[str, type[AnyStrategy]] = {kind.name: kind for kind in _KINDS}
"""By name, in the order in which they run: names first, since the others are checked by them."""


def make_strategies(
    names: Iterable[str], shelf: Shelf, settings: SynthSettings, prompts: Prompts | None = None
) -> list[AnyStrategy]:
    """Those of the strategies that ask the teacher, in the order in which they run.

    Raises:
        InputError: a prompt of the workspace cannot be used.
    """
    wanted = set(names)
    return [kind(shelf, settings, prompts) for name, kind in STRATEGIES.items() if name in wanted]


__all__ = [
    "STRATEGIES",
    "AnyStrategy",
    "BaseStrategy",
    "BasicsStrategy",
    "FactsStrategy",
    "LexiconStrategy",
    "PassageStrategy",
    "RewriteStrategy",
    "RollingStrategy",
    "make_strategies",
]
