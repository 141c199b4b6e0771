"""A run's metrics.jsonl → a tracker of experiments: SwanLab, Trackio or Weights & Biases.

The three have the same three calls: init, log, finish. What a run has written stays where it is; it is sent as often as
one likes, each time as a run of its own.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Literal, Protocol, cast

from .. import files
from ..errors import InputError, RunError
from ..messages import tr

Tracker = Literal["swanlab", "trackio", "wandb"]


class _Module(Protocol):
    """What is called of a tracker's package."""

    def init(self, *, project: str, name: str, config: dict[str, object]) -> object: ...
    def log(self, row: dict[str, float], *, step: int) -> object: ...
    def finish(self) -> object: ...


def send_metrics(run: Path, to: Tracker, project: str, settings: dict[str, object]) -> int:
    """Send every row of a run's metrics.

    Args:
        run: its folder, whose name is the run's.
        settings: shown beside the curves.

    Returns:
        How many rows were sent.

    Raises:
        InputError: the run has no metrics, or the tracker's package is not installed. RunError: the tracker failed.
    """
    path = run / "metrics.jsonl"
    if not path.exists():
        raise InputError(tr("{path}: no metrics. Give the name of a run that has begun.", path=path))
    try:
        tracker = cast(_Module, importlib.import_module(to))
    except ImportError:
        raise InputError(tr("--to {to} needs its package: pip install {to}", to=to)) from None
    sent = 0
    try:
        tracker.init(project=project, name=run.name, config=settings)
        for row in files.read_log(path):
            numbers = {name: value for name, value in row.items() if name != "step" and isinstance(value, int | float)}
            tracker.log(numbers, step=int(row["step"]))
            sent += 1
        tracker.finish()
    except Exception as error:  # whatever a tracker's server or login makes its package raise
        first = (str(error).splitlines() or [""])[0]
        raise RunError(tr("{to}: {error} ({sent} rows were sent)", to=to, error=first, sent=sent)) from None
    return sent
