"""What a recipe will cost on this machine, before it is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from .. import files
from ..corpus import load_shelf
from ..dataset import RecordBatches, read_pairs, read_tokens, shelf_tokens
from ..errors import InputError
from ..machine import fit_threads, peak_flops, pick_device
from ..messages import tr
from ..model import ModelConfig
from ..model.sources import find_source
from ..recipe import Recipe, TrainSettings
from ..tokenizer import Tokenizer
from ..workspace import BASE, Workspace
from .compiling import choose_computing
from .cost import HEADROOM, Memory, available_memory, devices_needed, flops_per_token
from .estimate import Times, measure_memory, measure_times, run_seconds
from .pretraining import known_books, start_of
from .rates import Start, rate_warning, resolve

CHARACTERS_PER_TOKEN = 1.45
"""Of Chinese novels in a vocabulary of 8,192, for a shelf whose tokenizer is not trained yet."""

SPEED_SETTINGS = {
    "batch_size", "block_size", "gradient_accumulation_steps", "optimizer", "dropout", "ema_decay", "dtype", "compile",
    "device", "gradient_checkpointing", "lora",
}  # fmt: skip
"""What decides how long a step takes."""


@dataclass(frozen=True)
class Shelf:
    """Tokens and characters of the books; estimated from the characters where nothing is `prepared` yet."""

    vocab_size: int
    train_tokens: int
    val_tokens: int
    characters: int
    prepared: bool


@dataclass(frozen=True)
class Exposures:
    """How often fine-tuning shows what it teaches.

    Attributes:
        epochs: passes over the records. facts: that the records ask. exposures: of each fact, in any wording.
    """

    epochs: float
    records: int
    facts: int
    exposures: float


@dataclass(frozen=True)
class RunPlan:
    """What one training run will cost.

    Attributes:
        optimizer, learning_rate: that will be used, `auto` resolved.
        trained: parameters that train: all, or the adapter's.
        memory: bytes by what they are for, and `total`.
        available: bytes that are free.
        largest_block_size, largest_batch_size: that fit, the other one as it is set.
        mfu: share of the machine's peak FLOPs.
        epochs: passes over the books (pretraining).
        exposures: None for pretraining, and where there are no records yet.
        warnings: of settings that will not do, or seldom do well.
    """

    device: str
    dtype: str
    compiled: bool
    optimizer: str
    learning_rate: float
    parameters: int
    trained: int
    tokens: int
    tokens_per_step: int
    flops: float
    memory: dict[str, int]
    available: int
    largest_block_size: int
    largest_batch_size: int
    seconds_per_step: float
    tokens_per_second: float
    mfu: float
    seconds: float
    epochs: float | None = None
    exposures: Exposures | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a recipe will cost on this machine."""

    shelf: Shelf
    runs: dict[str, RunPlan]

    @property
    def seconds(self) -> float:
        """Of all runs together."""
        return sum(run.seconds for run in self.runs.values())

    def to_dict(self) -> dict[str, object]:
        """As JSON: `shelf`, an object for each run, `seconds`. What is not known of a run is left out."""
        runs: dict[str, object] = {}
        for stage, run in self.runs.items():
            row = asdict(run) | {"exposures": None} | (asdict(run.exposures) if run.exposures else {})
            runs[stage] = {name: value for name, value in row.items() if value is not None}
        return {"shelf": asdict(self.shelf), **runs, "seconds": self.seconds}


def plan(ws: Workspace, recipe: Recipe, stages: Sequence[str] = ("pretrain", "sft")) -> Plan:
    """Parameters, tokens, epochs, FLOPs, memory, the largest blocks and batches that fit, and time.

    Args:
        stages: of which to say it.

    Raises:
        InputError: the shelf is empty, the device cannot be used, or not even one row fits in its memory.
    """
    fit_threads()
    shelf = _shelf(ws, recipe)
    measured: dict[str, Times] = {}
    return Plan(shelf, {stage: _run(ws, recipe, stage, shelf, measured) for stage in stages})


def _source(ws: Workspace, recipe: Recipe, stage: str) -> Path | None:
    """The checkpoint that a run starts from, where it is none that this recipe will train."""
    reference: str = getattr(recipe, stage).init_from
    if stage == "sft" and reference.partition("/")[0] == BASE:
        return _source(ws, recipe, "pretrain")
    return find_source(ws, reference) if reference else None


def _config(ws: Workspace, recipe: Recipe, settings: TrainSettings, shelf: Shelf, source: Path | None) -> ModelConfig:
    """The shape of the model that a run trains."""
    if source is None:
        return ModelConfig.from_settings(recipe.model, shelf.vocab_size, settings.block_size)
    path = source / "config.json"
    config = ModelConfig.from_hugging_face(files.read_json(path), ws.shown(path))
    return replace(config, block_size=max(config.block_size, settings.block_size))


def _exposures(ws: Workspace, recipe: Recipe, source: Path | None) -> Exposures:
    """How often fine-tuning goes through the records, and how often it shows each fact, in one wording or another."""
    tokenizer, settings = Tokenizer.load(source or ws.tokenizer), recipe.sft
    pairs = {split: read_pairs(ws.records / f"{split}.jsonl") for split in ("train", "val", "test")}
    train = [pair for part in pairs.values() for pair in part] if settings.records == "all" else pairs["train"]
    batches = RecordBatches(
        train, pairs["val"] or train, tokenizer, settings.batch_size, settings.block_size, settings.seed,
        torch.device("cpu"), short_answers=settings.short_answers,
    )  # fmt: skip
    epochs = settings.rows_per_step * settings.max_iters / (batches.batches_per_epoch * settings.batch_size)
    facts = len({pair.fact or pair.question for pair in train})
    return Exposures(epochs, len(train), facts, epochs * len(train) / facts)


def _shelf(ws: Workspace, recipe: Recipe) -> Shelf:
    """Tokens of the shelf, by the tokenizer of the checkpoint that pretraining starts from, if from one: counted where
    it is prepared, else estimated from its characters."""
    source = _source(ws, recipe, "pretrain")
    if (ws.tokens / "tokens.json").exists():
        data = read_tokens(ws.tokens) if source is None else shelf_tokens(ws, source)
        tokenizer = Tokenizer.load(source or ws.tokenizer)
        return Shelf(
            vocab_size=tokenizer.vocab_size,
            train_tokens=len(data.train),
            val_tokens=len(data.val),
            characters=data.about["train"]["characters"] + data.about["val"]["characters"],
            prepared=True,
        )
    characters = sum(len(chapter.text) for book in load_shelf(ws.books, recipe.books) for chapter in book.chapters)
    per_token = 1.0 if recipe.tokenizer.kind == "char" else CHARACTERS_PER_TOKEN
    held_out = recipe.split.val_fraction
    return Shelf(
        vocab_size=recipe.tokenizer.vocab_size,
        train_tokens=round(characters * (1 - held_out) / per_token),
        val_tokens=round(characters * held_out / per_token),
        characters=characters,
        prepared=False,
    )


def _run(ws: Workspace, recipe: Recipe, stage: str, shelf: Shelf, measured: dict[str, Times]) -> RunPlan:
    """One run; `measured` keeps times by the settings that decide them, so that like runs are measured once."""
    settings: TrainSettings = getattr(recipe, stage)
    device = pick_device(settings.device)
    source, pretraining = _source(ws, recipe, stage), stage == "pretrain"
    config = _config(ws, recipe, settings, shelf, source)
    start: Start = start_of(source) if pretraining or recipe.sft.init_from.partition("/")[0] != BASE else "own"
    resolved = resolve(settings, config.n_embd, start)
    tokens = settings.max_iters * settings.tokens_per_step
    flops = tokens * flops_per_token(config, settings)
    memory, available = measure_memory(config, settings, device), available_memory(device)
    most = memory.most_tokens(round(available * HEADROOM))
    if most < settings.block_size:
        raise InputError(
            tr(
                "[{stage}] one row of block_size {block_size} needs {value:,} bytes, of which {available:,} are free. "
                "{ways}",
                stage=stage,
                block_size=settings.block_size,
                value=memory.total(settings.block_size),
                available=available,
                ways=" ".join(_ways(config, settings, memory, available)),
            )
        )
    computing = choose_computing(settings, config, device)
    compiled = computing.compiled
    key = f"{config} {compiled} {settings.model_dump_json(include=SPEED_SETTINGS)}"
    if key not in measured:
        measured[key] = measure_times(config, settings, device, ws.root, most // settings.block_size)
    times = measured[key]
    val_rows = max(1, shelf.val_tokens // settings.block_size) if pretraining else settings.rows_per_step
    taught = not pretraining and shelf.prepared and (ws.records / "train.jsonl").exists()
    warning = rate_warning(settings, config.n_embd, stage, start)
    return RunPlan(
        device=str(device),
        dtype=computing.dtype,
        compiled=compiled,
        optimizer=resolved.optimizer,
        learning_rate=resolved.peak_rate,
        parameters=config.parameters,
        trained=memory.gradients // 4,
        tokens=tokens,
        tokens_per_step=settings.tokens_per_step,
        flops=flops,
        memory=_memory(memory, settings),
        available=available,
        largest_block_size=_block(most, settings.batch_size),
        largest_batch_size=most // settings.block_size,
        seconds_per_step=times.step,
        tokens_per_second=settings.tokens_per_step / times.step,
        mfu=flops / settings.max_iters / times.step / peak_flops(device, computing.torch_dtype),
        seconds=run_seconds(settings, times, memory, val_rows),
        epochs=tokens * _share_of_new(ws, recipe, source, shelf) / shelf.train_tokens if pretraining else None,
        exposures=_exposures(ws, recipe, source) if taught else None,
        warnings=[*_too_big(stage, settings, most // settings.block_size), *([warning] if warning else [])],
    )


def _share_of_new(ws: Workspace, recipe: Recipe, source: Path | None, shelf: Shelf) -> float:
    """What the tokens of pretraining are multiplied by for the passes that it makes over the books, over the new ones
    where it goes on from an own run."""
    books = 1 - sum(recipe.pretrain.mixture.values())
    if source is None or not shelf.prepared:
        return books
    old = set(known_books(source))
    sizes = {True: 0, False: 0}
    for stretch in shelf_tokens(ws, source).about["train"]["stretches"]:
        sizes[stretch["book"] in old] += stretch["end"] - stretch["start"] + 1
    if not sizes[True] or not sizes[False]:
        return books
    return books * (1 - recipe.pretrain.replay) * shelf.train_tokens / sizes[False]


def _ways(config: ModelConfig, settings: TrainSettings, memory: Memory, available: int) -> list[str]:
    """What to do where not even one row fits, the least change first."""
    ways = []
    if (block := _block(memory.most_tokens(round(available * HEADROOM)), 1)) >= 8:
        ways.append(tr("Lower block_size to {block}.", block=block))
    if not settings.gradient_checkpointing:
        ways.append(tr("gradient_checkpointing = true needs less."))
    if not settings.lora.rank:
        if count := devices_needed(memory, config, available, 8):
            ways.append(
                tr(
                    "{count} devices with as much memory hold it together, one process of torchrun on each "
                    "(docs/lora.md).",
                    count=count,
                )
            )
        ways.append(tr("An adapter (lora.rank) trains in less."))
    return [*ways, tr("A smaller model needs less.")]


def _too_big(stage: str, settings: TrainSettings, rows: int) -> list[str]:
    """A warning if a batch has more rows than fit in memory."""
    if rows >= settings.batch_size:
        return []
    return [
        tr(
            "[{stage}] batch_size {batch_size} at block_size {block_size} does not fit in memory. Set batch_size to "
            "{rows} and gradient_accumulation_steps to {steps}.",
            stage=stage,
            batch_size=settings.batch_size,
            block_size=settings.block_size,
            rows=max(1, rows),
            steps=-(-settings.rows_per_step // max(1, rows)),
        )
    ]


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
