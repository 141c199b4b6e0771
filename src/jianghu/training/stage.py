"""Tokens or records → a run with its checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

import torch

from .. import __version__, files
from ..chat import question, render
from ..dataset import BatchSource, PretrainBatches, RecordBatches, read_pairs
from ..errors import InputError
from ..evaluation import AnswerScore
from ..machine import environment, fit_threads, pick_device
from ..messages import command, tr
from ..model import Transformer, load_checkpoint, read_about, weight_files
from ..recipe import Recipe, TrainSettings, to_toml
from ..records import read_records
from ..stats import spread
from ..tokenizer import CHAT_TEMPLATE, Tokenizer
from ..workspace import Manifest, Workspace
from .compiling import choose_computing
from .evaluator import Prompt, Scorer
from .preferring import preference_files, preference_parts, preference_score
from .pretraining import books_of, known_books, mixed_files, pretraining_parts, start_of
from .rates import optimizer_name, rate_warning, resolve
from .resume import check_resumable
from .sharding import placed
from .state import RunFolder
from .trainer import Result, Trainer
from .world import World

Say = Callable[[str], None]

IDLE_SETTINGS = {
    "log_interval",
    "save_interval",
    "keep_every",
    "sample_prompts",
    "sample_tokens",
    "device",
    "compile",
    "gradient_checkpointing",
    "shard",
    "init_from",
}
"""Settings of a run that do not change the model that comes out; a change of them makes nothing stale."""


def train_manifest(ws: Workspace, recipe: Recipe, stage: str, source: Path | None) -> Manifest:
    """What a run is made from; `source` is the checkpoint that it starts from."""
    settings: TrainSettings = getattr(recipe, stage)
    without_adapter = set() if settings.lora.rank else {"lora"}
    own: dict[str, object] = {stage: settings.model_dump(exclude=IDLE_SETTINGS | without_adapter)}
    if stage == "dpo":
        assert source is not None
        inputs = [*preference_files(ws), *weight_files(source)]
        inputs += [path for path in (ws.records / "val_paraphrase.jsonl", ws.chapters) if path.exists()]
    elif stage == "pretrain":
        inputs = [ws.tokens / "train.npy", ws.tokens / "val.npy", ws.tokenizer / "tokenizer.json"]
        if source is None:
            own = {stage: settings.model_dump(exclude=IDLE_SETTINGS | without_adapter | {"replay"})}
            own["model"] = recipe.model.model_dump()
        else:
            inputs += [source / "tokenizer.json", *weight_files(source)]
        inputs += [path for name, share in recipe.pretrain.mixture.items() if share for path in mixed_files(ws, name)]
    else:
        assert source is not None
        inputs = [ws.records / "train.jsonl", ws.records / "val.jsonl", *weight_files(source)]
        if (choosing := ws.records / "val_paraphrase.jsonl").exists():
            inputs.append(choosing)
    missing = [path for path in inputs if not path.exists()]
    if missing:
        fixes = {ws.records: ("synth", "run"), ws.preferences: ("dpo",)}
        fix = command(*fixes.get(missing[0].parent, ("prepare",)))
        raise InputError(tr("{path}: not there yet. `{command}` makes it.", path=ws.shown(missing[0]), command=fix))
    return Manifest(ws.hashes(inputs), own, recipe.flags(*own))


def train_stale(ws: Workspace, recipe: Recipe, stage: str, name: str, source: Path | None) -> str | None:
    """Why a run must be trained (or trained on), or None."""
    folder = ws.run(name)
    stale = ws.why_stale(folder, train_manifest(ws, recipe, stage, source), [])
    if stale is None and not (folder / "result.json").exists():
        return tr("{folder} was not finished", folder=ws.shown(folder))
    return stale


def train(
    ws: Workspace,
    recipe: Recipe,
    stage: str,
    name: str,
    source: Path | None = None,
    resume: bool = False,
    restart: bool = False,
    say: Say = lambda text: None,
    scorer: Scorer | None = None,
    go_on: str = "",
) -> Result:
    """Pretrain or fine-tune one run.

    Args:
        stage: `pretrain`, `sft`, or `dpo`, whose pairs must lie in data/preferences.
        source: the checkpoint that it starts from; None: pretraining from nothing.
        resume: go on where the run was left; from the start if it has saved nothing.
        restart: set an older run of this name aside and begin anew.
        scorer: chooses the best checkpoint instead of the validation loss; see `Trainer`. None: in fine-tuning on
            the training records, the share of right answers to data/records/val_paraphrase.jsonl, if that holds any.
        go_on: what to type to go on, for the message after Ctrl-C; empty: the stage's own command.

    Raises:
        InputError: the run exists and neither is given; or it cannot be resumed with these settings or data.
        InterruptedByUser, RunError: see `Trainer.train`.
    """
    settings: TrainSettings = getattr(recipe, stage)
    world = World.join()
    if settings.batch_size < world.size:
        raise InputError(
            tr(
                "[{stage}] batch_size {batch_size} is below the number of processes, {size}: "
                "each needs a row. Raise batch_size, or start fewer.",
                stage=stage,
                batch_size=settings.batch_size,
                size=world.size,
            )
        )
    if settings.lora.rank and source is None:
        raise InputError(
            tr("[{stage}.lora] an adapter needs a checkpoint to adapt: give --from, or set rank to 0.", stage=stage)
        )
    if source is not None and source.resolve().is_relative_to(ws.run(name).resolve()):
        raise InputError(
            tr("The run {name} cannot start from its own checkpoint. Give --name for another run.", name=name)
        )
    fit_threads(world.local_size)
    device = pick_device(settings.device, world.local_rank if world.size > 1 else None)
    run = RunFolder(ws.run(name))
    manifest = train_manifest(ws, recipe, stage, source)
    about: dict[str, object] = {"jianghu": __version__, "run": name, "stage": stage, "inputs": manifest.inputs}
    if source is not None:
        about["from"] = ws.shown(source)
        before = read_about(source).get("records")
        about["records"] = "all" if "all" in (recipe.sft.records if stage == "sft" else None, before) else "train"
    read = [*known_books(source), *(books_of(ws) if stage == "pretrain" else [])]
    about["books"] = list(dict.fromkeys(read))
    with files.lock(run.path, tr("the run {name}", name=name)) if world.writes else nullcontext():
        if world.writes:
            _open_run(ws, run, manifest, resume, restart, say)
        world.wait()  # the others read what the first one has found or set aside
        source_of_batches, model, tokenizer, prompts = _parts(ws, recipe, stage, source, device, say)
        scorer = scorer or _scorer(ws, recipe, stage, tokenizer, model)
        start = start_of(source)
        given, settings = settings, resolve(settings, model.config.n_embd, start)
        model = placed(model, settings, device, world, say)
        _say_optimizer(stage, name, given, settings, rate_warning(given, model.config.n_embd, stage, start), say)
        if isinstance(source_of_batches, PretrainBatches):
            _say_books(source_of_batches, recipe.pretrain.replay, say)
        if world.writes:
            ws.record(run.path, manifest)
            files.write_text(run.path / "recipe.toml", to_toml(recipe, comments=False))
            _note_environment(run, device, choose_computing(settings, model.config, device).torch_dtype, resume)
        trainer = Trainer(
            run, settings, model, tokenizer, source_of_batches, prompts, about,
            resume_command=go_on or command(stage, "--name", name, "--resume"), world=world, scorer=scorer,
            resume=resume and run.state.exists(), gentle_command=command(stage, "--name", name, "--resume"),
        )  # fmt: skip
        result = trainer.train(title=f"{stage} {name}")
        if world.writes:
            files.write_json(run.path / "result.json", asdict(result))
    return result


def _say_optimizer(
    stage: str, name: str, given: TrainSettings, used: TrainSettings, warning: str | None, say: Say
) -> None:
    """By what optimizer and peak learning rate a run is trained, and whether the rate is far from what suits."""
    optimizer, rate = optimizer_name(used.optimizer), used.peak_rate
    say(
        tr(
            "{stage} {name}: {optimizer}, learning rate {rate:.3g}",
            stage=stage,
            name=name,
            optimizer=optimizer,
            rate=rate,
        )
    )
    if given.lora.rank and given.optimizer == "muon":
        say(tr("Muon is for whole matrices, and an adapter's are factors of one: AdamW trains it."))
    if warning:
        say(warning)


def _say_books(batches: PretrainBatches, replay: float, say: Say) -> None:
    """Which books a run goes on with, where it has read some of them before."""
    if batches.known:
        say(
            tr(
                "books read before: {books}; they are {share:.0%} of the books' tokens, and validation is told apart",
                books=", ".join(sorted(batches.known)),
                share=replay,
            )
        )


def _note_environment(run: RunFolder, device: torch.device, dtype: torch.dtype, resume: bool) -> None:
    """Write down for the report what the run is computed with; a resumed run goes on in the arithmetic it began in."""
    path, now = run.path / "environment.json", environment(device, dtype)
    if resume and run.state.exists() and path.exists():
        now = replace(now, dtype=files.read_json(path)["dtype"])
    files.write_json(path, asdict(now))


def _scorer(ws: Workspace, recipe: Recipe, stage: str, tokenizer: Tokenizer, model: Transformer) -> Scorer | None:
    """What chooses among the checkpoints of fine-tuning: answers to wordings of taught facts that are kept from it."""
    if stage == "dpo":
        return preference_score(ws, recipe, tokenizer, model)
    path = ws.records / "val_paraphrase.jsonl"
    if stage != "sft" or recipe.sft.records == "all" or not path.exists():
        return None
    records = list(read_records(path))
    return AnswerScore(records, tokenizer) if records else None


def train_on(
    ws: Workspace,
    recipe: Recipe,
    stage: str,
    name: str,
    source: Path | None = None,
    scorer: Scorer | None = None,
    say: Say = lambda text: None,
    go_on: str = "",
) -> Result:
    """A run as these settings and inputs make it: gone on with if it was left, else begun, an older one set aside.

    Raises:
        InputError, InterruptedByUser, RunError: see `train`.
    """
    same = ws.why_stale(ws.run(name), train_manifest(ws, recipe, stage, source), []) is None
    return train(ws, recipe, stage, name, source, resume=same, restart=not same, say=say, scorer=scorer, go_on=go_on)


def _open_run(ws: Workspace, run: RunFolder, manifest: Manifest, resume: bool, restart: bool, say: Say) -> None:
    """See that a run may be begun or gone on with; set an older one aside."""
    run.sweep()
    if run.exists() and not resume:
        if not restart:
            raise InputError(
                tr(
                    "{run} already exists. Give --resume to go on, --restart to set it aside and begin anew, or --name "
                    "for another run.",
                    run=ws.shown(run.path),
                )
            )
        say(tr("{run} is kept as {other}", run=ws.shown(run.path), other=ws.shown(_set_aside(run.path))))
    if resume and run.state.exists():
        check_resumable(ws, run.path, manifest)
    (run.path / "result.json").unlink(missing_ok=True)


def _parts(
    ws: Workspace, recipe: Recipe, stage: str, source: Path | None, device: torch.device, say: Say
) -> tuple[BatchSource, Transformer, Tokenizer, list[Prompt]]:
    """Batches, model (weights drawn or loaded, on the host), tokenizer and sample prompts of a run."""
    settings: TrainSettings = getattr(recipe, stage)
    batches: BatchSource
    if stage == "pretrain":
        model, tokenizer, batches, texts = pretraining_parts(ws, recipe, source, device)
        prompts = [Prompt(text, tokenizer.encode(text)) for text in texts]
    elif stage == "dpo":
        assert source is not None
        model, tokenizer, batches, texts = preference_parts(ws, recipe, source, device, say)
        prompts = [Prompt(text, render(tokenizer, question(text), prompt=True).ids) for text in texts]
    else:
        assert source is not None
        checkpoint = load_checkpoint(source, dropout=settings.dropout)
        model, tokenizer = checkpoint.model.train(), checkpoint.tokenizer
        model.extend(settings.block_size)
        tokenizer.chat_template = CHAT_TEMPLATE  # by which it is taught
        pairs = {split: read_pairs(ws.records / f"{split}.jsonl") for split in ("train", "val", "test")}
        everything = [pair for part in pairs.values() for pair in part]
        chosen = everything if recipe.sft.records == "all" else pairs["train"]
        batches = RecordBatches(
            chosen, pairs["val"], tokenizer, settings.batch_size, settings.block_size, settings.seed, device,
            recipe.sft.question_noise, recipe.sft.short_answers,
        )  # fmt: skip
        if batches.too_long:
            say(
                tr(
                    "{records} records are longer than block_size {block_size} and were left out",
                    records=batches.too_long,
                    block_size=settings.block_size,
                )
            )
        texts = settings.sample_prompts or [pairs["val"][n].question for n in spread(len(pairs["val"]), 3)]
        prompts = [Prompt(text, render(tokenizer, question(text), prompt=True).ids) for text in texts]
    return batches, model, tokenizer, prompts


def name_aside(folder: Path) -> Path:
    """What a run will be called when another one takes its name."""
    number = 1
    while (other := folder.with_name(f"{folder.name}-old{number}")).exists():
        number += 1
    return other


def _set_aside(folder: Path) -> Path:
    """Rename a run so that a new one can take its name; nothing is deleted."""
    return folder.rename(name_aside(folder))
