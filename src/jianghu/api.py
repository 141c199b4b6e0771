"""`import jianghu`: what the commands do, for programs and notebooks.

    shelf = jianghu.create("shelf", preset="demo")
    shelf.add("novel.txt")
    shelf.prepare()
    shelf.synth()
    shelf.pretrain(max_iters=2000)
    shelf.sft()
    print(shelf.ask("诸葛亮是谁？"))

Each stage takes the settings of its part of jianghu.toml by name, as the command's flags. What cannot be used raises
`jianghu.errors.InputError`, whose text is the line that the command would print.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import files
from .chat import question, render
from .corpus import Book, load_book
from .corpus.adding import copy_book
from .corpus.titles import title_of_name
from .dataset.stage import Prepared
from .dataset.stage import prepare as prepare_stage
from .errors import InputError
from .evaluation.results import ExamResult
from .evaluation.stage import exam as exam_stage
from .generation import Sampling, generate
from .machine import pick_device
from .messages import tr
from .model import Checkpoint, load_checkpoint, weight_files
from .model.sources import find_source
from .preferences.stage import make_preferences, preferences_stale
from .recipe import load_recipe, to_toml
from .synth.stage import SynthFacts
from .synth.stage import synth as synth_stage
from .training import Result
from .training.stage import train_on
from .workspace import BASE, CHAT, DPO, RECIPE, Workspace

Where = str | os.PathLike[str]


def create(folder: Where, preset: str = "modern") -> Shelf:
    """Make a workspace with a commented jianghu.toml, as `jianghu init`.

    Args:
        preset: demo, evening, seed or modern.

    Raises:
        InputError: there is one already, or no such preset.
    """
    path = Path(folder) / RECIPE
    if path.exists():
        raise InputError(tr("{path} already exists; edit it, or choose another folder.", path=path))
    text = to_toml(load_recipe(preset=preset))
    (path.parent / "books").mkdir(parents=True, exist_ok=True)
    files.write_text(path, text)
    return Shelf(folder)


class Shelf:
    """A workspace: its books, and what is made of them.

    Args:
        folder: holds jianghu.toml.

    Raises:
        InputError: it does not.
    """

    def __init__(self, folder: Where) -> None:
        self.workspace = Workspace(Path(folder))
        self._loaded: _Loaded | None = None

    def add(self, path: Where, title: str = "") -> Book:
        """Copy a book into the workspace, under its title.

        Raises:
            InputError: the file is no book, or another one has its title.
        """
        book = load_book(Path(path), self.workspace.recipe().books)
        copy_book(self.workspace, Path(path), title or book.title or title_of_name(book.name))
        return book

    def prepare(self, **settings: Mapping[str, object]) -> Prepared:
        """Chapters, tokenizer and tokens from the books.

        Args:
            settings: `books`, `split` and `tokenizer`, each a dictionary, such as tokenizer={"vocab_size": 4096}.
        """
        return prepare_stage(self.workspace, self.workspace.recipe(settings))

    def synth(self, **settings: object) -> SynthFacts:
        """Question-answer records, by the settings of `[synth]`."""
        return synth_stage(self.workspace, self.workspace.recipe({"synth": settings}))

    def pretrain(self, name: str = BASE, *, model: Mapping[str, object] | None = None, **settings: object) -> Result:
        """Train a model on the books, by the settings of `[pretrain]`; a run that was left goes on.

        Args:
            name: of the run; an older one that was made otherwise is set aside.
            model: settings of `[model]`, such as {"size": "mini"}.
        """
        recipe = self.workspace.recipe({"pretrain": settings, "model": dict(model or {})})
        start = recipe.pretrain.init_from
        source = find_source(self.workspace, start, fetch=True) if start else None
        return train_on(self.workspace, recipe, "pretrain", name, source)

    def sft(self, name: str = CHAT, start: str = "", **settings: object) -> Result:
        """Fine-tune a checkpoint on the records, by the settings of `[sft]`; a run that was left goes on.

        Args:
            start: the checkpoint to start from: a run's name, `base/step-020000`, a folder, or a model's name at
                Hugging Face or ModelScope; default: `[sft] init_from`.
        """
        recipe = self.workspace.recipe({"sft": settings})
        source = find_source(self.workspace, start or recipe.sft.init_from, fetch=True)
        return train_on(self.workspace, recipe, "sft", name, source)

    def dpo(self, name: str = DPO, start: str = CHAT, **settings: object) -> Result:
        """Teach a fine-tuned checkpoint which of two answers is better, by the settings of `[dpo]`: pairs are made of
        its wrong answers, unless they are there, and trained on. A run that was left goes on.

        Args:
            start: the checkpoint to start from, which is the reference model too.
        """
        recipe, source = self.workspace.recipe({"dpo": settings}), self.workspace.checkpoint(start)
        if preferences_stale(self.workspace, recipe, source) is not None:
            make_preferences(self.workspace, recipe, source)
        return train_on(self.workspace, recipe, "dpo", name, source)

    def generate(self, prompt: str, checkpoint: str = BASE, **settings: object) -> str:
        """What a model writes after a beginning, by the settings of `[sample]`."""
        loaded, sampling = self._open(checkpoint, settings)
        ids = loaded.tokenizer.encode(prompt) or [loaded.tokenizer.end_of_text]
        return _written(loaded, ids, sampling)

    def ask(self, asked: str, checkpoint: str = CHAT, **settings: object) -> str:
        """A model's answer to a question, by heart, by the settings of `[sample]`."""
        loaded, sampling = self._open(checkpoint, settings)
        return _written(loaded, render(loaded.tokenizer, question(asked), prompt=True).ids, sampling)

    def exam(self, checkpoint: str = CHAT, questions: Where | None = None, **settings: object) -> ExamResult:
        """Let a checkpoint take an exam, by the settings of `[eval]`.

        Args:
            questions: an exam of your own; None: the one of the workspace's records.
        """
        recipe = self.workspace.recipe({"eval": settings})
        return exam_stage(self.workspace, recipe, checkpoint, None if questions is None else Path(questions))

    def _open(self, reference: str, settings: Mapping[str, object]) -> tuple[Checkpoint, Sampling]:
        """A checkpoint, which stays loaded until it changes or another is asked for, and the sampling."""
        folder = self.workspace.checkpoint(reference)
        written = max(path.stat().st_mtime_ns for path in weight_files(folder))
        if self._loaded is None or (self._loaded.folder, self._loaded.written) != (folder, written):
            self._loaded = _Loaded(folder, written, load_checkpoint(folder, str(pick_device("auto"))))
        return self._loaded.checkpoint, Sampling.from_settings(self.workspace.recipe({"sample": settings}).sample)


@dataclass(frozen=True)
class _Loaded:
    """A checkpoint in memory, and of when its file is."""

    folder: Path
    written: int
    checkpoint: Checkpoint


def _written(loaded: Checkpoint, ids: list[int], sampling: Sampling) -> str:
    (completion,) = generate(loaded.model, [ids], sampling, loaded.tokenizer.stop_ids)
    return loaded.tokenizer.written(completion.ids)
