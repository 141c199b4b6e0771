"""The typed settings of every stage, and how a recipe is read, checked and written."""

from .base import Settings
from .books import BooksSettings, SplitSettings, TokenizerSettings
from .load import PRESETS, load_recipe, merge
from .model import ModelSettings, model_shape
from .preferences import DpoSettings, PairSettings, PairSource
from .reader import ReaderSettings
from .recipe import Recipe
from .serve import ServeSettings
from .synth import JudgeSettings, Strategy, SynthSettings
from .teacher import TEACHERS, AccountSettings, RivalSettings, TeacherSettings, teacher_values
from .training import LoraSettings, PretrainSettings, QuestionNoise, SftSettings, TrainSettings
from .use import EvalSettings, SampleSettings
from .write import to_toml

__all__ = [
    "PRESETS",
    "TEACHERS",
    "AccountSettings",
    "BooksSettings",
    "DpoSettings",
    "EvalSettings",
    "JudgeSettings",
    "LoraSettings",
    "ModelSettings",
    "PairSettings",
    "PairSource",
    "PretrainSettings",
    "QuestionNoise",
    "ReaderSettings",
    "Recipe",
    "RivalSettings",
    "SampleSettings",
    "ServeSettings",
    "Settings",
    "SftSettings",
    "SplitSettings",
    "Strategy",
    "SynthSettings",
    "TeacherSettings",
    "TokenizerSettings",
    "TrainSettings",
    "load_recipe",
    "merge",
    "model_shape",
    "teacher_values",
    "to_toml",
]
