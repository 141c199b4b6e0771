"""The folder of one run: metrics, samples, checkpoints, and the one file from which it resumes exactly.

The state file holds every tensor that resume needs and a `TrainState`, under a checksum: a flipped bit is an error,
never another run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tensorboardX import SummaryWriter
from torch import Tensor

from .. import files
from ..computing import Computing
from ..errors import InputError
from ..messages import tr
from ..model import load_checkpoint

FIRST_SCALE = 2.0**16
"""What the loss of a float16 run is multiplied by at first."""


@dataclass
class TrainState:
    """Where a run stands, besides its tensors.

    `pending` is the metrics row of this step, not yet written, and `losses` what the objective gave in the steps after
    the last row; `seconds` counts training alone, without validation, saving and the first steps, which compile and
    warm up (`startup_seconds`). `computing` is how the run computes, so that another machine goes on alike; with
    float16, `loss_scale` is what its loss is multiplied by, and `good_steps` how many steps in a row stayed finite
    under it. `best_score` and `best_ema_score` are what the run's scorer, if it has one, gave the best checkpoints, and
    `highest_score` is the highest of all that it gave. `base` is the hash of the weights that do not train, where an
    adapter does; `came_from` is the checkpoint that the run began from. `best_others` is what else was measured at the
    best step, such as the bits per character of old and of new books.
    """

    step: int = 0
    best_step: int = -1
    best_val: float = float("inf")
    seconds: float = 0.0
    startup_seconds: float = 0.0
    eval_seconds: float = 0.0
    best_ema: float = float("inf")
    best_score: float = float("-inf")
    highest_score: float = float("-inf")
    best_ema_score: float = float("-inf")
    computing: Computing | None = None
    loss_scale: float = FIRST_SCALE
    good_steps: int = 0
    base: str = ""
    came_from: str = ""
    best_others: dict[str, float] = field(default_factory=dict)
    pending: dict[str, float] | None = None
    losses: list[list[float]] = field(default_factory=list)


def _read_state(fields: dict[str, Any]) -> TrainState:
    """A `TrainState` from JSON; those of an older version have `dtype` and `compiled` beside the other fields, and one
    number a step."""
    fields["losses"] = [means if isinstance(means, list) else [means] for means in fields.get("losses", [])]
    dtype, compiled = fields.pop("dtype", None), fields.pop("compiled", None)
    if fields.get("computing") is not None:
        fields["computing"] = Computing(**fields["computing"])
    elif dtype is not None:
        fields["computing"] = Computing(dtype, bool(compiled), bool(compiled), bool(compiled))
    return TrainState(**fields)


def checksum(tensors: dict[str, Tensor], state: str) -> str:
    """Hex SHA-256 of tensors on the CPU (names, types, shapes, bytes) and of the JSON text beside them."""
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


class RunFolder:
    """`runs/NAME`: where everything of a run is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = path / "metrics.jsonl"
        self.samples = path / "samples.jsonl"
        self.checkpoints = path / "checkpoints"
        self.state = path / "state" / "state.safetensors"
        self._board: SummaryWriter | None = None

    def sweep(self) -> None:
        """Remove the temporary files that processes which were killed left in the folder."""
        for left in self.path.glob(".*.tmp-*"):
            files.sweep(left.with_name(left.name[1:].rpartition(".tmp-")[0]))

    def exists(self) -> bool:
        """Whether training has begun here."""
        return self.state.exists() or self.metrics.exists()

    def save_state(self, tensors: dict[str, Tensor], state: TrainState) -> None:
        """Write tensors and place in one file, in one atomic step.

        One file, because two could be of different steps after a crash; the weights in full float32.
        """
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        text = json.dumps(asdict(state))
        files.sweep(self.state)
        with files.atomic_path(self.state) as path:
            save_file(tensors, path, metadata={"at": text, "sha256": checksum(tensors, text)})

    def load_state(self) -> tuple[dict[str, Tensor], TrainState]:
        """What `save_state` wrote. A file of an older version, which has no checksum, is read too.

        Raises:
            InputError: there is no state, or it is damaged; the message names the last checkpoint that is whole.
        """
        if not self.state.exists():
            raise InputError(tr("{path}: nothing to resume; this run has saved no state.", path=self.path))
        try:
            with safe_open(self.state, framework="pt") as source:
                about = dict(source.metadata())
                tensors = {name: source.get_tensor(name) for name in source.keys()}  # noqa: SIM118 - no dictionary
            text = about.pop("at")
            if about and about != {"sha256": checksum(tensors, text)}:
                raise ValueError(tr("its checksum differs"))
            return tensors, _read_state(json.loads(text))
        except OSError as error:
            if error.errno is not None:  # of the file system, not of what the file holds
                raise
            reason = str(error)
        except Exception as error:  # whatever a damaged header makes the reader say
            reason = " ".join(str(error).split())
        raise InputError(
            tr("{path}: damaged ({reason}). {rest}", path=self.state, reason=reason, rest=self._what_is_whole())
        )

    def _what_is_whole(self) -> str:
        """The newest checkpoint that is whole, and what can be done with it, in words."""
        steps = {}
        for path in self.checkpoints.glob("[!.]*"):
            try:
                checkpoint = load_checkpoint(path)
                if all(bool(weight.isfinite().all()) for weight in checkpoint.model.parameters()):
                    steps[path] = int(checkpoint.about.get("step", 0))
            except InputError:
                continue
        if not steps:
            return tr("No checkpoint of the run is whole. Start the run anew with --restart.")
        newest = max(steps, key=lambda path: (steps[path], path.name == "last"))
        return tr(
            "The last good checkpoint is {checkpoint} (step {step}), which can be used as it is; to train, start the "
            "run anew with --restart.",
            checkpoint=newest, step=steps[newest],
        )  # fmt: skip

    def forget_rows_from(self, step: int) -> None:
        """Remove rows and samples that were logged at this step or later, after the state was saved."""
        for log in (self.metrics, self.samples):
            rows = files.read_log(log)
            files.write_jsonl(log, (row for row in rows if row.get("step", -1) < step))

    def log(self, row: dict[str, float]) -> None:
        """Append a row to metrics.jsonl and draw its numbers in TensorBoard."""
        files.append_jsonl(self.metrics, row)
        if self._board is None:
            self._board = SummaryWriter(str(self.path / "tensorboard"), purge_step=row["step"], flush_secs=10)
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                self._board.add_scalar(name, value, row["step"])

    def add_sample(self, step: int, prompt: str, text: str) -> None:
        """Append a continuation to samples.jsonl and to TensorBoard's texts."""
        files.append_jsonl(self.samples, {"step": step, "prompt": prompt, "text": text})
        if self._board is not None:
            self._board.add_text(prompt or "sample", text, step)

    def close(self) -> None:
        """Flush TensorBoard."""
        if self._board is not None:
            self._board.close()
            self._board = None


def are_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no number of these tensors is infinite or NaN; floating-point tensors only are looked at."""
    return all(bool(tensor.isfinite().all()) for tensor in tensors if tensor.is_floating_point())
