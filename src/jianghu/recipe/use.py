"""Settings of a finished checkpoint in use: how it writes, how it is examined."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import NotNegative, Positive, Settings


class SampleSettings(Settings):
    """How a checkpoint writes."""

    max_new_tokens: Positive = 256
    """Most tokens to write."""
    temperature: Annotated[float, Field(ge=0)] = 0.8
    """0 takes the likeliest token each time (greedy); higher is more varied."""
    top_k: NotNegative = 50
    """Choose among the k likeliest tokens; 0: all."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Choose among the likeliest tokens that together have this probability."""
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.1
    """Above 1 makes tokens that have occurred less likely (Keskar et al. 2019, CTRL)."""
    seed: int = 1337
    """Decides the draws."""


class EvalSettings(Settings):
    """How an exam is taken: greedily, closed-book."""

    limit: NotNegative = 0
    """Most questions per exam, spread evenly; 0 asks all. A partial result has a name of its own."""
    max_new_tokens: Positive = 96
    """Longest answer, in tokens."""
    batch_size: Positive = 32
    """Questions answered at once; does not change the answers."""
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.0
    """Above 1 makes tokens that have occurred less likely."""
    group_questions: NotNegative = 200
    """Most questions of each group of the exam that is made from the records, but for the main one; 0 takes all."""
    paraphrase_questions: NotNegative = 800
    """Most questions of its main group, new wordings of taught facts; 0 takes all."""
    leaks: Literal["exclude", "refuse", "keep"] = "exclude"
    """What to do with questions that stand in the training records."""
    choice_questions: NotNegative = 200
    """Most questions that are also asked as multiple choice, and of which names are ranked; 0: none."""
    name_candidates: Positive = 50
    """Among so many names of the book, the most named ones, the right name is ranked."""
    heldout_windows: NotNegative = 64
    """Most windows of held-out text of each book that are scored; 0: none."""
    judge_questions: Positive = 60
    """Most questions that the judge is asked about, evenly spread."""
