"""`log`: a run's metrics for a tracker of experiments."""

from __future__ import annotations

from typing import Literal

from ..messages import tr
from ..recipe import load_recipe
from . import output, place


def log(run: str, *, to: Literal["swanlab", "trackio", "wandb"], project: str = "jianghu") -> None:
    """Send a run's metrics to a tracker of experiments; log in there first, or set its offline mode.

    Args:
        run: The run's name.
        to: The tracker; its package must be installed (pip install "jianghu[trackers]" brings all three).
        project: The project there.
    """
    from ..export.trackers import send_metrics

    folder = place.workspace().run(run)
    recipe = folder / "recipe.toml"
    settings = load_recipe(recipe).model_dump() if recipe.exists() else {}
    sent = send_metrics(folder, to, project, settings)
    output.say(tr("{sent} rows of {run} sent to {to}, project {project}.", sent=sent, run=run, to=to, project=project))
