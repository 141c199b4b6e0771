"""One engine for samples, exams, chat and serving: batched, cached, streamed; and scores of given answers."""

from .detokenizer import TextWriter
from .engine import Engine, Written
from .generate import Generated, generate, stream
from .loglikelihood import choice_loglikelihoods, loglikelihoods
from .sampling import LEAST_TEMPERATURE, Likelihood, Sampling
from .sequence import Row
from .sureness import sureness

__all__ = [
    "LEAST_TEMPERATURE",
    "Engine",
    "Generated",
    "Likelihood",
    "Row",
    "Sampling",
    "TextWriter",
    "Written",
    "choice_loglikelihoods",
    "generate",
    "loglikelihoods",
    "stream",
    "sureness",
]
