"""The folder of one run: metrics, samples, checkpoints, and the one file from which it is resumed exactly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from tensorboardX import SummaryWriter
from torch import Tensor

from .. import files
from ..errors import InputError

if TYPE_CHECKING:
    from .step import Stepper


@dataclass
class Progressed:
    """Where a run stands, besides its tensors: what resume must know.

    `pending` is the metrics row of this step, not yet written, and `losses` those of the steps after the last
    row; `seconds` counts training alone, without validation, saving and the first steps, which compile and warm
    up (`startup_seconds`). `dtype` and `compiled` are how the run computes, lest another machine choose otherwise.
    `best_score` and `best_ema_score` are what the run's scorer, if it has one, gave at best.
    """

    step: int = 0
    best_step: int = -1
    best_val: float = float("inf")
    seconds: float = 0.0
    startup_seconds: float = 0.0
    eval_seconds: float = 0.0
    best_ema: float = float("inf")
    best_score: float = float("-inf")
    best_ema_score: float = float("-inf")
    dtype: str | None = None
    compiled: bool | None = None
    pending: dict[str, Any] | None = None
    losses: list[float] = field(default_factory=list)


class RunFolder:
    """`runs/NAME`: where everything of a run lies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = path / "metrics.jsonl"
        self.samples = path / "samples.jsonl"
        self.checkpoints = path / "checkpoints"
        self.state = path / "state" / "state.safetensors"
        self._board: SummaryWriter | None = None

    def exists(self) -> bool:
        """Whether training has begun here."""
        return self.state.exists() or self.metrics.exists()

    def save_state(self, stepper: Stepper, at: Progressed) -> None:
        """Write weights, their mean, optimizer state and place in one file, in one atomic step.

        One file, because two could be of different steps after a crash; the weights in full float32.
        """
        tensors = {f"weights.{name}": tensor for name, tensor in stepper.model.state_dict().items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in stepper.optimizers.tensors().items()}
        if stepper.ema:
            tensors |= {f"ema.{name}": tensor for name, tensor in stepper.ema.weights.items()}
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        files.sweep(self.state)
        with files.atomic_path(self.state) as path:
            save_file(tensors, path, metadata={"at": json.dumps(asdict(at))})

    def load_state(self, stepper: Stepper, truncate: bool = True) -> Progressed:
        """Put a run back to where `save_state` left it, and forget rows that were logged after that.

        Args:
            truncate: whether this process is the one that writes the logs.

        Raises:
            InputError: there is no state, it is damaged, or it is of another model.
        """
        found: dict[str, dict[str, Tensor]] = {"weights": {}, "optimizer": {}, "ema": {}}
        try:
            with safe_open(self.state, framework="pt") as source:
                at = Progressed(**json.loads(source.metadata()["at"]))
                for name in source.keys():  # noqa: SIM118 - not a dictionary
                    kind, _, rest = name.partition(".")
                    found[kind][rest] = source.get_tensor(name)
            stepper.model.load_state_dict(found["weights"])
            if stepper.ema:
                stepper.ema.restore(found["ema"])
        except FileNotFoundError:
            raise InputError(f"{self.path}: nothing to resume; this run has saved no state.") from None
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self.state}: damaged ({error}). Start the run anew with --restart.") from None
        except RuntimeError:
            raise InputError(f"{self.state}: of another model than the recipe's. Start anew with --restart.") from None
        stepper.optimizers.restore(found["optimizer"])
        for log in (self.metrics, self.samples) if truncate else ():
            rows = files.read_log(log)
            files.write_jsonl(log, (row for row in rows if row.get("step", -1) < at.step))
        return at

    def log(self, row: dict[str, Any]) -> None:
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
