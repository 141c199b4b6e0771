"""The folder of one project: where everything lies, what each artifact was made from, and what is stale."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from . import __version__, files
from .errors import InputError
from .messages import command, tr
from .recipe import Recipe, load_recipe

RECIPE = "jianghu.toml"

BASE, CHAT = "base", "chat"
"""Names of the runs that `jianghu run` trains."""
DPO = "dpo"
"""Name of the run that `jianghu dpo` trains."""


MAX_RUN_NAME = 150
"""Bytes of a run's name: file systems allow 255 for a name, and files of an exam add theirs to a run's."""


@dataclass(frozen=True)
class Manifest:
    """What an artifact was made from: hashes of its inputs by name, the settings that decided it, and which settings
    were given on the command line instead of in the recipe."""

    inputs: dict[str, str]
    settings: dict[str, object]
    flags: dict[str, object] = field(default_factory=dict, compare=False)


class Workspace:
    """Paths and manifests of one project.

    Args:
        root: the folder that holds jianghu.toml.

    Raises:
        InputError: there is no jianghu.toml in it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.recipe_path = root / RECIPE
        if not self.recipe_path.is_file():
            raise InputError(
                tr(
                    "{root}: not a workspace (no jianghu.toml). `{init}` makes one.",
                    root=root,
                    init=command("init", str(root), here=True),
                )
            )
        self.books = root / "books"
        self.data = root / "data"
        self.chapters = self.data / "chapters.jsonl"
        self.tokenizer = self.data / "tokenizer"
        self.tokens = self.data / "tokens"
        self.records = self.data / "records"
        self.rewrites = self.data / "rewrites.jsonl"
        self.votes = root / "votes.jsonl"
        self.prompts = root / "prompts"
        self.store = root / "synth.sqlite"
        self.edits = root / "edits.jsonl"
        self.runs = root / "runs"
        self.evals = root / "evals"
        self.studies = root / "studies"

    @property
    def reader(self) -> Path:
        """The folder of the reader of the open book."""
        return self.data / "reader"

    @property
    def preferences(self) -> Path:
        """The folder of preference pairs."""
        return self.data / "preferences"

    @property
    def has_reader(self) -> bool:
        """Whether a reader was trained, and could be."""
        return (self.reader / "model.safetensors").exists()

    def with_data(self, data: Path | None = None, records: Path | None = None) -> Workspace:
        """The same project with its prepared data, or its records and their store, in another folder.

        For members of a study that change what the data are made of: books, runs and exams stay shared.
        """
        other = copy.copy(self)
        if data is not None:
            other.data, other.chapters = data, data / self.chapters.name
            other.tokenizer, other.tokens = data / self.tokenizer.name, data / self.tokens.name
        if records is not None:
            other.records, other.store = records / self.records.name, records / self.store.name
        return other

    def recipe(self, overrides: Mapping[str, object] | None = None) -> Recipe:
        """The recipe of this workspace, with flags laid over it."""
        return load_recipe(self.recipe_path, overrides)

    def shown(self, path: Path) -> str:
        """A path as it is called inside the workspace, whatever folder the user stands in; outside it, the whole path.

        Manifests know their inputs by this name.
        """
        whole, root = (Path(os.path.abspath(each)) for each in (path, self.root))
        return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else str(whole)

    def run(self, name: str) -> Path:
        """The folder of a run.

        Raises:
            InputError: the name cannot be a folder's.
        """
        if not re.fullmatch(r"[\w][\w.\-]*", name):
            raise InputError(tr("run name {name!r}: use letters, digits, '-', '_' and '.' only.", name=name[:60]))
        if len(name.encode()) > MAX_RUN_NAME:
            raise InputError(
                tr("run name {name}…: longer than {most} bytes, of which a Chinese character takes 3. Give a shorter "
                   "one.", name=name[:20], most=MAX_RUN_NAME)
            )  # fmt: skip
        return self.runs / name

    def checkpoint(self, reference: str) -> Path:
        """The folder that a checkpoint's short name or path means.

        Args:
            reference: a run's name, `base/last`, `base/step-020000`, or a path from where the user stands. A run's
                name means its best checkpoint, except where it was fine-tuned and the best was chosen by loss: on
                held-out facts that rises while the taught ones are being learned, so the least is that of a model
                which knows nothing yet. Then its last one is meant.

        Raises:
            InputError: nothing of that name; the message lists what there is.
        """
        run, _, name = reference.partition("/")
        folder = self.runs / run / "checkpoints"
        order = ("last", "best") if not name and self._chosen_by_loss(folder / "best") else ("best", "last")
        for path in (folder / name,) if name else (folder / order[0], folder / order[1]):
            files.recover_folder(path)
            if (path / "config.json").exists():
                return path
        path = Path(reference)
        if (path / "config.json").exists():
            return path
        there = ", ".join(self.checkpoints())
        known = (
            tr("There are: {there}.", there=there)
            if there
            else tr("None has been trained yet; `{jianghu} pretrain` trains one.")
        )
        raise InputError(tr("{reference}: no such checkpoint. {known}", reference=reference, known=known))

    def checkpoints(self) -> list[str]:
        """The short names of all checkpoints there are, in alphabetical order."""
        configs = self.runs.glob("*/checkpoints/[!.]*/config.json")
        return sorted(f"{config.parents[2].name}/{config.parent.name}" for config in configs)

    def _chosen_by_loss(self, best: Path) -> bool:
        """Whether this is the best checkpoint of a fine-tuning that knew no better measure than the loss."""
        path = best / "jianghu.json"
        about = files.read_json(path) if path.exists() else {}
        return about.get("stage") in ("sft", "dpo") and "score" not in about

    def why_stale(self, artifact: Path, now: Manifest, outputs: list[Path]) -> str | None:
        """Why an artifact must be made again, in words; None if it is fresh.

        Args:
            artifact: whose manifest was written with `record`.
            now: what it would be made from now.
            outputs: what must be there.
        """
        then = self.recorded(artifact)
        missing = [output for output in outputs if not output.exists()]
        if then is None or missing:
            return tr("{path} is not there yet", path=self.shown(missing[0] if missing else artifact))
        for name in sorted(now.inputs.keys() | then.inputs.keys()):
            if now.inputs.get(name) != then.inputs.get(name):
                if name not in then.inputs:
                    return tr("{path} is new", path=name)
                return tr("{path} changed", path=name) if name in now.inputs else tr("{path} is gone", path=name)
        old, new = flatten(then.settings), flatten(now.settings)
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key) and not _is_new(key, old, new):
                return tr("the setting {key} changed from {old} to {new}", key=key, old=old.get(key), new=new.get(key))
        return None

    def record(self, artifact: Path, manifest: Manifest) -> None:
        """Write down what an artifact was made from; call it last, when the artifact is whole."""
        files.write_json(
            _manifest(artifact),
            {
                "jianghu": __version__,
                "made": datetime.now(UTC).isoformat(timespec="seconds"),
                "inputs": manifest.inputs,
                "settings": manifest.settings,
                "flags": manifest.flags,
            },
        )

    def recorded(self, artifact: Path) -> Manifest | None:
        """What an artifact was made from, as `record` wrote it down; None if it did not."""
        path = _manifest(artifact)
        then = files.read_json(path) if path.exists() else None
        return Manifest(then["inputs"], then["settings"], then.get("flags", {})) if then else None

    def forget(self, artifact: Path) -> None:
        """Remove the manifest before an artifact is made again, so that a crash cannot leave a wrong one."""
        _manifest(artifact).unlink(missing_ok=True)

    def hashes(self, paths: list[Path]) -> dict[str, str]:
        """Hashes of files and folders under their short names."""
        return {self.shown(path): files.sha256_tree(path) for path in paths}


def _manifest(artifact: Path) -> Path:
    """Beside a file, else in the folder, whose name may hold a dot and which need not be there yet."""
    is_file = artifact.suffix in (".json", ".sqlite")
    return artifact.with_suffix(".manifest.json") if is_file else artifact / "manifest.json"


def _is_new(key: str, old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Whether a setting came with a later version of the program and has the value that it stood for before."""
    usual = flatten(Recipe().model_dump())
    return key not in old and new[key] in (usual.get(key), usual.get(f"synth.{key}"))


def flatten(value: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested dictionaries as one, keys joined by dots."""
    flat: dict[str, object] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            flat |= flatten(item, f"{prefix}{key}.")
        else:
            flat[prefix + key] = item
    return flat
