"""The stages in order: books → prepare → pretrain → synth → sft → exam. Each is a function of a workspace and a
recipe that returns facts for the command line to show.
"""

from .asking import SynthStatus, synth_coverage, synth_forecast, synth_preview
from .compare import compare, export_harness, verdicts
from .exam import exam
from .judge import judge
from .plan import plan
from .prepare import prepare
from .stages import run_all, stages, status
from .synth import lexicons_of, synth
from .training import train

__all__ = [
    "SynthStatus",
    "compare",
    "exam",
    "export_harness",
    "judge",
    "lexicons_of",
    "plan",
    "prepare",
    "run_all",
    "stages",
    "status",
    "synth",
    "synth_coverage",
    "synth_forecast",
    "synth_preview",
    "train",
    "verdicts",
]
