"""Settings of preferences: which pairs are made, and how a checkpoint learns from them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import NotNegative, Positive, Settings, Share
from .training import TrainSettings

PairSource = Literal["answers", "wrong_book", "kept", "loops", "votes"]


class PairSettings(Settings):
    """Where the pairs come from: `[dpo.pairs]`."""

    sources: list[PairSource] = ["answers", "wrong_book", "kept", "loops", "votes"]
    """answers: wrong answers to training questions. wrong_book: answers to what the book does not tell, or that name
    somebody of another book. kept: right answers to training questions, against saying that the book does not tell.
    loops: answers that go in circles. votes: votes.jsonl of the chat page."""
    questions: Positive = 2000
    """Most training questions that the checkpoint is asked, and most of those that the book does not answer."""
    samples: Positive = 3
    """Answers to each: the likeliest one, and others drawn to another form of the question."""
    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Of the answers that are drawn."""
    most: Positive = 1500
    """Most pairs of each source; of kept twice as many."""
    val_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    """Share of the facts whose pairs validate and are never trained on."""


class DpoSettings(TrainSettings):
    """Preferences (DPO): of two answers to one question the right one is made likelier, the other one less likely."""

    max_iters: Positive = 200
    """Optimizer steps in all."""
    batch_size: Positive = 16
    """Rows of a batch; a row holds whole pairs, as many as block_size has room for."""
    optimizer: Literal["auto", "adamw", "muon"] = "adamw"
    """muon: for the matrices inside the blocks, AdamW for the rest. auto: muon if a step has 20 tokens per width."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Peak learning rate; a large model wants less, 1e-6 to 1e-5."""
    warmup_iters: NotNegative = 20
    """Steps of linear warm-up; the first step is already above zero."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay, on matrices only (never on norms); each step takes it times the learning rate."""
    eval_interval: Positive = 25
    """Steps between validation passes, each followed by samples."""
    save_interval: Positive = 50
    """Steps between saves of the checkpoint `last` and of what resume needs."""
    beta: Annotated[float, Field(gt=0)] = 0.3
    """How firmly the model is held to the checkpoint it began from; smaller lets it move further away."""
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """Share of the pairs that may be the wrong way round, as votes are (conservative DPO)."""
    sft_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight of fine-tuning on the right answer beside the preference; 0: preference alone, which forgets more."""
    keep_taught: Share = 0.95
    """Least share of its right answers to taught facts that the best checkpoint must have kept, as far as the questions
    that choose it can tell (one standard error is allowed)."""
    pairs: PairSettings = PairSettings()
    """Where the pairs come from."""
