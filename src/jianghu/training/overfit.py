"""Whether a run has begun to learn its text by heart, in words. Rows of metrics go in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

WORSE = 3
"""Validation passes in a row, each worse than the one before, after which it is said; fewer may be chance."""


def overfitting(rows: Sequence[dict[str, Any]]) -> str | None:
    """A warning if validation has been rising while the training loss went on falling, else None.

    Args:
        rows: of metrics.jsonl, in order.
    """
    scored = [row for row in rows if "val_bpc" in row]
    if len(scored) <= WORSE:
        return None
    tail = [row["val_bpc"] for row in scored[-WORSE - 1 :]]
    best = min(scored, key=lambda row: row["val_bpc"])
    losses = [row["train_loss"] for row in rows if "train_loss" in row and row["step"] >= best["step"]]
    if any(later <= before for before, later in pairwise(tail)):
        return None
    if not losses or losses[-1] >= losses[0]:
        return None
    return (
        f"Validation has been rising for {WORSE} passes while the training loss falls: from here on the model learns "
        f"its text by heart. Its best step was {best['step']} ({best['val_bpc']:.3f} bits per character); that "
        "checkpoint is kept as `best`. Stronger weight_decay or dropout, or fewer max_iters, would help; patience "
        "stops such runs by itself."
    )
