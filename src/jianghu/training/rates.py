"""Which optimizer and which peak learning rate a run takes where its settings say `auto`.

Settings and the width of the model go in; settings with both named, and a warning where a given rate is far from what
suits, come out.
"""

from __future__ import annotations

from typing import Literal, TypeVar

from ..errors import InputError
from ..messages import tr
from ..recipe import TrainSettings

MUON_TOKENS = 20
"""`auto` takes Muon when a step has at least this many tokens per unit of width: with fewer, the gradient of a
matrix is so noisy that an orthogonal update is mostly noise."""

RATE_TIMES_WIDTH = {"adamw": 0.256, "muon": 1.28}
"""Peak learning rate times width. Measured by `benchmarks/learning_rates.py` (docs/experiments.md): at width 128 AdamW
wants 2e-3 and Muon 1e-2, at 256 AdamW wants 1e-3. One over the width, as in maximal update parametrisation (Yang et
al. 2022)."""

FAR = 4
"""A given rate is warned of from this factor above or below the suitable one; half and twice are within its noise."""

SettingsT = TypeVar("SettingsT", bound=TrainSettings)


def takes_muon(settings: TrainSettings, width: int) -> bool:
    """Whether a run takes Muon: as set, or for `auto` by the tokens of a step; never for an adapter."""
    if settings.lora.rank:
        return False
    enough = settings.tokens_per_step >= MUON_TOKENS * width
    return settings.optimizer == "muon" or (settings.optimizer == "auto" and enough)


def suitable_rate(settings: TrainSettings, width: int) -> float:
    """The peak learning rate that suits pretraining with this optimizer at this width."""
    return RATE_TIMES_WIDTH[_optimizer(settings, width)] / width


def resolve(settings: SettingsT, width: int) -> SettingsT:
    """The settings with optimizer and learning rate named, each `auto` replaced by what it stands for.

    Raises:
        InputError: min_lr is above the rate that `auto` stands for.
    """
    rate = suitable_rate(settings, width) if settings.learning_rate == "auto" else settings.learning_rate
    if settings.min_lr is not None and settings.min_lr > rate:
        raise InputError(
            tr(
                "min_lr {min_lr:g} is above the learning rate {rate:g}. Lower min_lr, or leave it out for a tenth of "
                "the learning rate.",
                min_lr=settings.min_lr,
                rate=rate,
            )
        )
    return settings.model_copy(update={"optimizer": _optimizer(settings, width), "learning_rate": rate})


def rate_warning(settings: TrainSettings, width: int) -> str | None:
    """A warning if pretraining is given a learning rate far from the suitable one, else None."""
    rate, suitable = settings.learning_rate, suitable_rate(settings, width)
    if rate == "auto" or suitable / FAR < rate < suitable * FAR:
        return None
    return tr(
        "[pretrain] learning_rate {rate:g} is far from what suits {optimizer} at width {width}, about {suitable:.2g}. "
        'Set learning_rate = "auto", unless that is meant.',
        rate=rate,
        optimizer=optimizer_name(_optimizer(settings, width)),
        width=width,
        suitable=suitable,
    )


def optimizer_name(optimizer: str) -> str:
    """An optimizer as readers know it."""
    return {"adamw": "AdamW", "muon": "Muon"}[optimizer]


def _optimizer(settings: TrainSettings, width: int) -> Literal["adamw", "muon"]:
    return "muon" if takes_muon(settings, width) else "adamw"
