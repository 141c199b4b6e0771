"""One engine for samples, exams, chat and serving: batched, cached, streamed; and scores of given answers."""

from .engine import Generated, Sampling, generate, stream
from .score import loglikelihoods

__all__ = ["Generated", "Sampling", "generate", "loglikelihoods", "stream"]
