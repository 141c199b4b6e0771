"""One trainer for pretraining and fine-tuning: optimizer, schedule, precision, metrics, exact resume."""

from .optimizer import make_optimizers
from .run import RunFolder
from .schedule import learning_rate
from .trainer import Prompt, Result, Scorer, Trainer
from .world import World

__all__ = ["Prompt", "Result", "RunFolder", "Scorer", "Trainer", "World", "learning_rate", "make_optimizers"]
