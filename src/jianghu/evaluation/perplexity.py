"""How well a checkpoint foretells text that it was not trained on, book by book."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from ..dataset.batches import IGNORE
from ..model import Checkpoint
from ..stats import spread
from .results import Heldout

LONGEST = 1024
"""Tokens of a window, at most: models of others read tens of thousands at once, which costs hours and tells no more."""
ROWS = 8
"""Windows scored at once; fixed, so that no setting of an exam changes the sums."""


@torch.inference_mode()
def perplexity(checkpoint: Checkpoint, texts: Sequence[tuple[str, str]], windows: int) -> dict[str, Heldout]:
    """Perplexity a token and bits a character of held-out stretches.

    Args:
        texts: (book, stretch of its text).
        windows: most windows of block_size tokens (at most `LONGEST`) of each book, evenly spread; they do not overlap.

    Returns:
        Book → its figures. Perplexities of different tokenizers cannot be compared; bits a character can.
    """
    tokenizer, model = checkpoint.tokenizer, checkpoint.model
    device, width = model.model.embed_tokens.weight.device, min(model.config.block_size, LONGEST)
    result = {}
    for book in dict.fromkeys(book for book, _ in texts):
        rows: list[list[int]] = []
        for encoded in tokenizer.encode_many([text for own, text in texts if own == book]):
            ids = [tokenizer.end_of_text, *encoded]
            rows += [ids[at : at + width + 1] for at in range(0, len(ids) - 1, width)]
        rows = [rows[n] for n in spread(len(rows), windows)]
        nats = 0.0
        for at in range(0, len(rows), ROWS):
            part = torch.full((len(rows[at : at + ROWS]), width + 1), IGNORE)
            for n, row in enumerate(rows[at : at + ROWS]):
                part[n, : len(row)] = torch.tensor(row)
            part = part.to(device)
            nats += float(model.loss(part[:, :-1].clamp(min=0), part[:, 1:]))
        tokens = sum(len(row) - 1 for row in rows)
        characters = int(tokenizer.chars_per_token[[id for row in rows for id in row[1:]]].sum())
        if characters:
            result[book] = Heldout(
                characters=characters,
                tokens=tokens,
                perplexity=round(math.exp(nats / tokens), 3),
                bits_per_character=round(nats / math.log(2) / characters, 4),
            )
    return result
