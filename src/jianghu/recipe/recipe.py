"""The whole recipe: the groups of settings, one for each stage."""

from __future__ import annotations

from typing import Literal

from .base import Settings
from .books import BooksSettings, SplitSettings, TokenizerSettings
from .model import ModelSettings
from .serve import ServeSettings
from .synth import SynthSettings
from .training import PretrainSettings, SftSettings
from .use import EvalSettings, SampleSettings


class Recipe(Settings):
    """Everything that decides what comes out of a shelf of books."""

    preset: Literal["demo", "seed", "modern"] = "modern"
    """What this recipe starts from; everything below changes it."""
    books: BooksSettings = BooksSettings()
    split: SplitSettings = SplitSettings()
    tokenizer: TokenizerSettings = TokenizerSettings()
    model: ModelSettings = ModelSettings()
    synth: SynthSettings = SynthSettings()
    pretrain: PretrainSettings = PretrainSettings()
    sft: SftSettings = SftSettings()
    sample: SampleSettings = SampleSettings()
    eval: EvalSettings = EvalSettings()
    serve: ServeSettings = ServeSettings()
