"""One engine for samples, exams, chat and serving: batched, cached, streamed; and scores of given answers."""

from .engine import Engine, Written
from .row import Row
from .sampling import Likelihood, Sampling
from .score import choice_loglikelihoods, loglikelihoods
from .text import TextWriter
from .write import Generated, generate, stream

__all__ = [
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
]
