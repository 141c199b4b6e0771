"""One engine for samples, exams, chat and serving: batched, cached, streamed; and scores of given answers."""

from .engine import Generated, Sampling, generate, stream
from .score import choice_loglikelihoods, loglikelihoods

__all__ = ["Generated", "Sampling", "choice_loglikelihoods", "generate", "loglikelihoods", "stream"]
