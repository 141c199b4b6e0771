"""One trainer for pretraining and fine-tuning: optimizer, schedule, precision, metrics, exact resume."""

from .evaluator import Prompt, Scorer
from .optim import learning_rate, make_optimizers
from .state import RunFolder
from .trainer import Result, Trainer
from .world import World

__all__ = ["Prompt", "Result", "RunFolder", "Scorer", "Trainer", "World", "learning_rate", "make_optimizers"]
