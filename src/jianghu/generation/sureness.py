"""How sure a model is of its own answer. Prompts and answers as ids go in; probabilities come out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..model import Transformer
from ..tokenizer import Tokenizer
from .loglikelihood import loglikelihoods

_MARKS = frozenset("。，！？；：,.!?;:\n")


def sureness(model: Transformer, tokenizer: Tokenizer, pairs: Sequence[tuple[list[int], list[int]]]) -> list[float]:
    """How probable the model finds the beginning of each answer, up to its first mark: that of the short answer.

    It is a likelihood and not a share of right answers; but of what a model was not taught it is seldom sure.

    Args:
        model: in evaluation mode.
        pairs: prompt and answer ids; an empty answer has probability 0.
    """
    begun = [(prompt, _first_clause(tokenizer, ids)) for prompt, ids in pairs]
    found = iter(loglikelihoods(model, [pair for pair in begun if pair[1]]))
    return [math.exp(next(found)) if ids else 0.0 for _, ids in begun]


def _first_clause(tokenizer: Tokenizer, ids: Sequence[int]) -> list[int]:
    for count in range(1, len(ids) + 1):
        if _MARKS.intersection(tokenizer.written(list(ids[:count]))):
            return list(ids[:count])
    return list(ids)
