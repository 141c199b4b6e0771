"""The whole recipe: the groups of settings, one for each stage."""

from __future__ import annotations

from typing import Literal

from pydantic import PrivateAttr

from .base import Settings
from .books import BooksSettings, SplitSettings, TokenizerSettings
from .model import ModelSettings
from .preferences import DpoSettings
from .reader import ReaderSettings
from .serve import ServeSettings
from .synth import SynthSettings
from .training import PretrainSettings, SftSettings
from .use import EvalSettings, SampleSettings


class Recipe(Settings):
    """Everything that decides what comes out of a shelf of books."""

    preset: Literal["demo", "evening", "seed", "modern"] = "modern"
    """What this recipe starts from; everything below changes it."""
    books: BooksSettings = BooksSettings()
    split: SplitSettings = SplitSettings()
    tokenizer: TokenizerSettings = TokenizerSettings()
    model: ModelSettings = ModelSettings()
    synth: SynthSettings = SynthSettings()
    reader: ReaderSettings = ReaderSettings()
    pretrain: PretrainSettings = PretrainSettings()
    sft: SftSettings = SftSettings()
    dpo: DpoSettings = DpoSettings()
    sample: SampleSettings = SampleSettings()
    eval: EvalSettings = EvalSettings()
    serve: ServeSettings = ServeSettings()
    _flags: dict[str, object] = PrivateAttr(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Whether all settings are the same, wherever they came from."""
        return isinstance(other, Recipe) and self.model_dump() == other.model_dump()

    def with_flags(self, flags: dict[str, object]) -> Recipe:
        """This recipe, which knows that these of its settings came from the command line."""
        other = self.model_copy()
        other._flags = flags
        return other

    def flags(self, *groups: str) -> dict[str, object]:
        """The settings of these groups that came from the command line, as nested dictionaries."""
        return {group: self._flags[group] for group in groups if self._flags.get(group)}
