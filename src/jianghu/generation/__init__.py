"""One engine for samples, exams, chat and serving: batched, cached, streamed; and scores of given answers."""

from .detokenizer import Detokenizer
from .engine import Engine, NewToken
from .generate import Completion, generate, stream
from .loglikelihood import choice_loglikelihoods, loglikelihoods
from .sampling import MIN_TEMPERATURE, Likelihood, Sampling
from .sequence import Row
from .sureness import sureness

__all__ = [
    "MIN_TEMPERATURE",
    "Completion",
    "Detokenizer",
    "Engine",
    "Likelihood",
    "NewToken",
    "Row",
    "Sampling",
    "choice_loglikelihoods",
    "generate",
    "loglikelihoods",
    "stream",
    "sureness",
]
