"""Whether a checkpoint's tokenizer is of jianghu's kind, which other programs then read the same ids with."""

from __future__ import annotations

import json
from typing import Any

from ..model import Checkpoint
from ..tokenizer import QWEN2_PATTERN


def tokenizer_state(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """tokenizer.json as a dictionary; None if it is not byte-level BPE with Qwen2's split and nothing else."""
    state: dict[str, Any] = json.loads(checkpoint.tokenizer.backend.to_str())
    splits = [step.get("pattern") for step in (state["pre_tokenizer"] or {}).get("pretokenizers", [])]
    model = state["model"]
    ours = (
        not state["normalizer"]
        and {"Regex": QWEN2_PATTERN} in splits
        and model["type"] == "BPE"
        and not model["ignore_merges"]
    )
    return state if ours else None
