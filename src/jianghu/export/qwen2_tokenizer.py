"""Whether a checkpoint's tokenizer is of jianghu's or Qwen's kind, which other programs then read the same ids with."""

from __future__ import annotations

import json
from typing import Any

from ..model import Checkpoint
from ..tokenizer import QWEN2_PATTERN


def tokenizer_state(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """tokenizer.json as a dictionary; None if it is not byte-level BPE with Qwen2's split and nothing else.

    Qwen's own normalises to NFC beforehand, and llama.cpp does not: the ids are the same for texts in NFC.
    """
    state: dict[str, Any] = json.loads(checkpoint.tokenizer.backend.to_str())
    splits = [step.get("pattern") for step in (state["pre_tokenizer"] or {}).get("pretokenizers", [])]
    model = state["model"]
    ours = (
        (state["normalizer"] or {"type": "NFC"})["type"] == "NFC"
        and {"Regex": QWEN2_PATTERN} in splits
        and model["type"] == "BPE"
        and not model["ignore_merges"]
    )
    return state if ours else None
