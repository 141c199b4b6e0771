"""The stages in order: books → prepare → pretrain → synth → sft → exam. Each is a function of a workspace and a
recipe that returns facts for the command line to show.
"""

from .asking import synth_forecast, synth_preview, synth_status
from .exam import exam
from .prepare import prepare
from .stages import run_all, stages, status
from .synth import lexicons_of, synth
from .training import train

__all__ = [
    "exam",
    "lexicons_of",
    "prepare",
    "run_all",
    "stages",
    "status",
    "synth",
    "synth_forecast",
    "synth_preview",
    "synth_status",
    "train",
]
