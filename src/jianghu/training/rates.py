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

Start = Literal["nothing", "own", "pretrained"]
"""What a run begins from: no weights; a run of jianghu; a model of others. An own run goes on at the rate from nothing:
half of it taught the new book less and forgot as much of the old one (docs/experiments.md)."""

PRETRAINED_TIMES_WIDTH = 0.02
"""Peak learning rate times width for a model of others, with AdamW as it was trained: 2e-5 at width 1024, as is usual
for full fine-tuning of such models; an adapter takes ten times as much (Hu et al. 2021; Schulman 2025, "LoRA without
regret"). Not measured here."""

FAR = 4
"""A given rate is warned of from this factor above or below the suitable one; half and twice are within its noise."""

SettingsT = TypeVar("SettingsT", bound=TrainSettings)


def takes_muon(settings: TrainSettings, width: int, start: Start = "nothing") -> bool:
    """Whether a run takes Muon: as set, or for `auto` by the tokens of a step; never for an adapter, and `auto` never
    for a model of others, which AdamW has trained."""
    if settings.lora.rank or (settings.optimizer == "auto" and start == "pretrained"):
        return False
    enough = settings.tokens_per_step >= MUON_TOKENS * width
    return settings.optimizer == "muon" or (settings.optimizer == "auto" and enough)


def suitable_rate(settings: TrainSettings, width: int, start: Start = "nothing") -> float:
    """The peak learning rate that suits pretraining with this optimizer at this width."""
    if start == "pretrained":
        return PRETRAINED_TIMES_WIDTH * (10 if settings.lora.rank else 1) / width
    return RATE_TIMES_WIDTH[_optimizer(settings, width, start)] / width


def resolve(settings: SettingsT, width: int, start: Start = "nothing") -> SettingsT:
    """The settings with optimizer and learning rate named, each `auto` replaced by what it stands for.

    Raises:
        InputError: min_lr is above the rate that `auto` stands for.
    """
    rate = suitable_rate(settings, width, start) if settings.learning_rate == "auto" else settings.learning_rate
    if settings.min_lr is not None and settings.min_lr > rate:
        raise InputError(
            tr(
                "min_lr {min_lr:g} is above the learning rate {rate:g}. Lower min_lr, or leave it out for a tenth of "
                "the learning rate.",
                min_lr=settings.min_lr,
                rate=rate,
            )
        )
    return settings.model_copy(update={"optimizer": _optimizer(settings, width, start), "learning_rate": rate})


def rate_warning(settings: TrainSettings, width: int, stage: str, start: Start = "nothing") -> str | None:
    """A warning if a run is given a learning rate far from the suitable one, else None. Fine-tuning has a suitable one
    only for models of others: they forget what they know at the rate that teaches a small model."""
    if stage != "pretrain" and not (stage == "sft" and start == "pretrained"):
        return None
    rate, suitable = settings.learning_rate, suitable_rate(settings, width, start)
    if rate == "auto" or suitable / FAR < rate < suitable * FAR:
        return None
    return tr(
        "[{stage}] learning_rate {rate:g} is far from what suits {optimizer} at width {width}, about {suitable:.2g}. "
        "Set that, unless yours is meant.",
        stage=stage,
        rate=rate,
        optimizer=optimizer_name(_optimizer(settings, width, start)),
        width=width,
        suitable=suitable,
    )


def optimizer_name(optimizer: str) -> str:
    """An optimizer as readers know it."""
    return {"adamw": "AdamW", "muon": "Muon"}[optimizer]


def _optimizer(settings: TrainSettings, width: int, start: Start) -> Literal["adamw", "muon"]:
    return "muon" if takes_muon(settings, width, start) else "adamw"
