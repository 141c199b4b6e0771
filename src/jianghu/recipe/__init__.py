"""The typed settings of every stage, and how a recipe is read, checked and written."""

from .load import PRESETS, load_recipe
from .settings import (
    BooksSettings,
    EvalSettings,
    ModelSettings,
    Recipe,
    SampleSettings,
    Settings,
    SftSettings,
    SplitSettings,
    SynthSettings,
    TeacherSettings,
    TokenizerSettings,
    TrainSettings,
    model_shape,
)
from .write import to_toml

__all__ = [
    "PRESETS",
    "BooksSettings",
    "EvalSettings",
    "ModelSettings",
    "Recipe",
    "SampleSettings",
    "Settings",
    "SftSettings",
    "SplitSettings",
    "SynthSettings",
    "TeacherSettings",
    "TokenizerSettings",
    "TrainSettings",
    "load_recipe",
    "model_shape",
    "to_toml",
]
