"""What a recipe will cost on this machine, before it is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..corpus import load_shelf
from ..dataset import RecordBatches, read_pairs, read_tokens
from ..errors import InputError
from ..machine import fit_threads, peak_flops, pick_device, pick_dtype
from ..messages import tr
from ..model import ModelConfig
from ..recipe import Recipe, TrainSettings
from ..tokenizer import Tokenizer
from ..workspace import Workspace
from .compiling import wants_compile
from .estimate import Memory, Times, available_memory, measure_memory, measure_times, run_seconds
from .optim import takes_muon

CHARACTERS_PER_TOKEN = 1.45
"""Of Chinese novels in a vocabulary of 8,192, for a shelf whose tokenizer is not trained yet."""

HEADROOM = 0.9
"""Share of the free memory that a run may fill."""

SPEED_SETTINGS = {
    "batch_size", "block_size", "gradient_accumulation_steps", "optimizer", "dropout", "ema_decay", "dtype", "compile",
    "device",
}  # fmt: skip
"""What decides how long a step takes."""


def plan(ws: Workspace, recipe: Recipe, stages: Sequence[str] = ("pretrain", "sft")) -> dict[str, Any]:
    """Parameters, tokens, epochs, FLOPs, memory, the largest blocks and batches that fit, and time.

    Args:
        stages: of which to say it.

    Raises:
        InputError: the shelf is empty, the device cannot be used, or not even one row fits in its memory.
    """
    fit_threads()
    shelf = _shelf(ws, recipe)
    facts: dict[str, Any] = {"shelf": shelf}
    measured: dict[str, Times] = {}
    for stage in stages:
        facts[stage] = _run(ws, recipe, stage, shelf, measured)
    facts["seconds"] = sum(facts[stage]["seconds"] for stage in stages)
    if "sft" in stages and shelf["prepared"] and (ws.records / "train.jsonl").exists():
        facts["sft"] |= _exposures(ws, recipe)
    return facts


def _exposures(ws: Workspace, recipe: Recipe) -> dict[str, Any]:
    """How often fine-tuning goes through the records, and how often it shows each fact, in one wording or another."""
    tokenizer, settings = Tokenizer.load(ws.tokenizer), recipe.sft
    pairs = {split: read_pairs(ws.records / f"{split}.jsonl") for split in ("train", "val", "test")}
    train = [pair for part in pairs.values() for pair in part] if settings.records == "all" else pairs["train"]
    batches = RecordBatches(
        train, pairs["val"] or train, tokenizer, settings.batch_size, settings.block_size, settings.seed,
        torch.device("cpu"), short_answers=settings.short_answers,
    )  # fmt: skip
    epochs = settings.rows_per_step * settings.max_iters / (batches.batches_per_epoch * settings.batch_size)
    facts = len({pair.fact or pair.question for pair in train})
    return {"epochs": epochs, "records": len(train), "facts": facts, "exposures": epochs * len(train) / facts}


def _shelf(ws: Workspace, recipe: Recipe) -> dict[str, Any]:
    """Tokens of the shelf: counted where it is prepared, else reckoned from its characters."""
    if (ws.tokens / "tokens.json").exists():
        data, tokenizer = read_tokens(ws.tokens), Tokenizer.load(ws.tokenizer)
        return {
            "vocab_size": tokenizer.vocab_size,
            "train_tokens": len(data.train),
            "val_tokens": len(data.val),
            "characters": sum(data.about[part]["characters"] for part in ("train", "val")),
            "prepared": True,
        }
    characters = sum(len(chapter.text) for book in load_shelf(ws.books, recipe.books) for chapter in book.chapters)
    per_token = 1.0 if recipe.tokenizer.kind == "char" else CHARACTERS_PER_TOKEN
    held_out = recipe.split.val_fraction
    return {
        "vocab_size": recipe.tokenizer.vocab_size,
        "train_tokens": round(characters * (1 - held_out) / per_token),
        "val_tokens": round(characters * held_out / per_token),
        "characters": characters,
        "prepared": False,
    }


def _run(
    ws: Workspace, recipe: Recipe, stage: str, shelf: dict[str, Any], measured: dict[str, Times]
) -> dict[str, Any]:
    """One run; `measured` keeps times by the settings that decide them, so that like runs are measured once."""
    settings: TrainSettings = getattr(recipe, stage)
    device = pick_device(settings.device)
    config = ModelConfig.from_settings(recipe.model, shelf["vocab_size"], settings.block_size)
    tokens = settings.max_iters * settings.tokens_per_step
    flops = tokens * config.flops_per_token(settings.block_size)
    memory, available = measure_memory(config, settings, device), available_memory(device)
    most = memory.most_tokens(round(available * HEADROOM))
    if most < settings.block_size:
        raise InputError(
            tr(
                "[{stage}] one row of block_size {block_size} needs {value:,} bytes, of which "
                "{available:,} are free. Lower block_size to {block}, or take a smaller model.",
                stage=stage,
                block_size=settings.block_size,
                value=memory.total(settings.block_size),
                available=available,
                block=_block(most, 1),
            )
        )
    compiled = wants_compile(settings, config, device)
    key = f"{compiled} {settings.model_dump_json(include=SPEED_SETTINGS)}"
    if key not in measured:
        measured[key] = measure_times(config, settings, device, ws.root, most // settings.block_size)
    times = measured[key]
    val_rows = max(1, shelf["val_tokens"] // settings.block_size) if stage == "pretrain" else settings.rows_per_step
    dtype = pick_dtype(settings, device, config.n_embd)
    facts: dict[str, Any] = {
        "device": str(device),
        "dtype": str(dtype).removeprefix("torch."),
        "compiled": compiled,
        "optimizer": "muon" if takes_muon(settings, config.n_embd) else "adamw",
        "parameters": config.parameters,
        "tokens": tokens,
        "tokens_per_step": settings.tokens_per_step,
        "flops": flops,
        "memory": _memory(memory, settings),
        "available": available,
        "largest_block_size": _block(most, settings.batch_size),
        "largest_batch_size": most // settings.block_size,
        "seconds_per_step": times.step,
        "tokens_per_second": settings.tokens_per_step / times.step,
        "mfu": flops / settings.max_iters / times.step / peak_flops(device, dtype),
        "seconds": run_seconds(settings, times, memory, val_rows),
    }
    if stage == "pretrain":
        books = 1 - sum(recipe.pretrain.mixture.values())
        facts["epochs"] = tokens * books / shelf["train_tokens"]
    if facts["largest_batch_size"] < settings.batch_size:
        facts["warning"] = (
            f"[{stage}] batch_size {settings.batch_size} at block_size {settings.block_size} does not fit in memory. "
            f"Set batch_size to {max(1, facts['largest_batch_size'])} and gradient_accumulation_steps to "
            f"{-(-settings.rows_per_step // max(1, facts['largest_batch_size']))}."
        )
    return facts


def _memory(memory: Memory, settings: TrainSettings) -> dict[str, int]:
    """Bytes by what they are for."""
    tokens = settings.batch_size * settings.block_size
    return {
        "weights": memory.weights,
        "gradients": memory.gradients,
        "optimizer": memory.optimizer,
        "ema": memory.ema,
        "activations": memory.total(tokens) - memory.weights - memory.gradients - memory.optimizer - memory.ema,
        "total": memory.total(tokens),
    }


def _block(tokens: int, batch_size: int) -> int:
    """The largest multiple of 8 that fits."""
    return tokens // batch_size // 8 * 8
