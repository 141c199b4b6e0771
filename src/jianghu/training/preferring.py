"""What a run of preferences (DPO) needs besides what every run needs: its pairs and its model, and by what its
checkpoint is chosen. Files of data/preferences go in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from ..dataset import PreferenceBatches, read_likelihoods, read_preferences
from ..evaluation.stage import background_of
from ..messages import tr
from ..model import Transformer, load_checkpoint
from ..preferences import PreferenceScore
from ..recipe import Recipe
from ..records import read_records
from ..stats import spread
from ..tokenizer import Tokenizer
from ..workspace import Workspace
from .evaluator import Scorer


def preference_files(ws: Workspace) -> list[Path]:
    """The files that decide such a run."""
    return [ws.preferences / name for name in ("train.jsonl", "val.jsonl", "reference.jsonl", "choose.jsonl")]


def preference_parts(
    ws: Workspace, recipe: Recipe, source: Path, device: torch.device, say: Callable[[str], None]
) -> tuple[Transformer, Tokenizer, PreferenceBatches, list[str]]:
    """Model, tokenizer, batches, and the questions that samples answer."""
    settings = recipe.dpo
    checkpoint = load_checkpoint(source, dropout=settings.dropout)
    model, tokenizer = checkpoint.model.train(), checkpoint.tokenizer
    model.extend(settings.block_size)
    train, val = (read_preferences(ws.preferences / f"{split}.jsonl") for split in ("train", "val"))
    batches = PreferenceBatches(
        train, val, read_likelihoods(ws.preferences / "reference.jsonl"), tokenizer,
        settings.batch_size, settings.block_size, settings.seed, device,
    )  # fmt: skip
    if batches.too_long:
        say(
            tr(
                "{pairs} pairs are longer than block_size {block_size} and were left out",
                pairs=batches.too_long,
                block_size=settings.block_size,
            )
        )
    return model, tokenizer, batches, settings.sample_prompts or [val[n].question for n in spread(len(val), 3)]


def preference_score(ws: Workspace, recipe: Recipe, tokenizer: Tokenizer, reference: Transformer) -> Scorer | None:
    """What chooses the checkpoint; None where there is no question to choose by.

    Args:
        reference: the model as the run begins.
    """
    taught = ws.records / "val_paraphrase.jsonl"
    parts = [list(read_records(path)) if path.exists() else [] for path in (taught, ws.preferences / "choose.jsonl")]
    if recipe.sft.records == "all":
        parts[0] = []  # they were trained on
    if not any(parts):
        return None
    training, people = reference.training, background_of(ws).people
    score = PreferenceScore(
        parts[0], parts[1], tokenizer, recipe.eval, reference.eval(), recipe.dpo.keep_taught, people
    )
    reference.train(training)
    return score
