"""What a run of pretraining needs besides what every run needs: its batches, of old and new books and of what is mixed
in, and its model, drawn or taken from a checkpoint. Files of data/ go in.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from .. import files
from ..dataset import PretrainBatches, read_pairs, read_tokens, record_stream, shelf_tokens, text_stream
from ..model import ModelConfig, Transformer, load_checkpoint, read_about
from ..model.sources import is_own
from ..recipe import Recipe
from ..stats import spread
from ..tokenizer import CHAT_TEMPLATE, Tokenizer
from ..workspace import Workspace
from .rates import Start


def mixed_files(ws: Workspace, name: str) -> list[Path]:
    """Where the texts of a part of the mixture lie."""
    if name == "rewrites":
        return [ws.rewrites]
    return [path for path in (ws.records / "train.jsonl", ws.records / "statements.jsonl") if path.exists()] or [
        ws.records / "train.jsonl"
    ]


def pretraining_parts(
    ws: Workspace, recipe: Recipe, source: Path | None, device: torch.device
) -> tuple[Transformer, Tokenizer, PretrainBatches, list[str]]:
    """Model (on the host), tokenizer, batches, and the beginnings that samples continue.

    Args:
        source: the checkpoint that it goes on from, with its own tokenizer; None: from nothing.
    """
    settings = recipe.pretrain
    if source is None:
        tokenizer, data = Tokenizer.load(ws.tokenizer), read_tokens(ws.tokens)
        config = ModelConfig.from_settings(recipe.model, tokenizer.vocab_size, settings.block_size)
        model = Transformer(config, settings.dropout)
        model.init_weights(settings.seed)
    else:
        checkpoint = load_checkpoint(source, dropout=settings.dropout)
        model, tokenizer, data = checkpoint.model.train(), checkpoint.tokenizer, shelf_tokens(ws, source)
        model.extend(settings.block_size)
        tokenizer.chat_template = CHAT_TEMPLATE  # by which records are mixed in
    batches = PretrainBatches(
        data, tokenizer.chars_per_token, settings.batch_size, settings.block_size, settings.seed, device,
        _mixture(ws, recipe, tokenizer), known_books(source), settings.replay,
    )  # fmt: skip
    stretches = data.stretches("val")
    starts = [stretches[n] for n in spread(len(stretches), 3)]
    texts = settings.sample_prompts or [tokenizer.decode(data.val[a : min(a + 16, b)].tolist()) for a, b in starts]
    return model, tokenizer, batches, texts


def known_books(source: Path | None) -> list[str]:
    """The books that a checkpoint has read, as it says itself; none for a model of others."""
    books = read_about(source).get("books") if source is not None else None
    return [str(book) for book in books] if isinstance(books, list) else []


def start_of(source: Path | None) -> Start:
    """What a run that starts from this checkpoint begins from."""
    return "nothing" if source is None else "own" if is_own(source) else "pretrained"


def books_of(ws: Workspace) -> list[str]:
    """The books of the prepared shelf."""
    stretches = files.read_json(ws.tokens / "tokens.json")["train"]["stretches"]
    return list(dict.fromkeys(stretch["book"] for stretch in stretches))


def _mixture(ws: Workspace, recipe: Recipe, tokenizer: Tokenizer) -> list[tuple[float, np.ndarray]]:
    """Shares and ids of what is mixed into pretraining."""
    parts = []
    for name, share in recipe.pretrain.mixture.items():
        if not share:
            continue
        seed, files_of_part = recipe.pretrain.seed, mixed_files(ws, name)
        if name == "records":
            statements = [str(row["text"]) for path in files_of_part[1:] for row in files.read_jsonl(path)]
            ids = record_stream(tokenizer, read_pairs(files_of_part[0]), seed, statements)
        else:
            texts = (str(row.get("text") or "") for row in files.read_jsonl(files_of_part[0]))
            ids = text_stream(tokenizer, texts, seed)
        parts.append((share, ids))
    return parts
