"""The commands that make a workspace again, with the flags by which its runs and exams differ from its recipe."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from ..evaluation import ExamResult
from ..recipe import Recipe
from ..workspace import BASE, CHAT, DPO

_FLAGGED = {"pretrain": ("pretrain", "model"), "sft": ("sft",), "dpo": ("dpo",)}
"""Groups of settings that the command of a stage takes as flags."""
_USUAL = {"pretrain": (BASE, ""), "sft": (CHAT, BASE), "dpo": (DPO, CHAT)}
"""The run that a stage trains, and the checkpoint that it starts from, where nothing else is said."""


def run_command(stage: str, name: str, own: Recipe | None, shared: Recipe, source: str = "") -> str:
    """How a run was started.

    Args:
        own: the run's recipe; None where it is not known.
        shared: the workspace's.
        source: the checkpoint that fine-tuning started from.
    """
    words = ["jianghu", stage]
    usual_name, usual_source = _USUAL[stage]
    if name != usual_name:
        words += ["--name", name]
    if source and source != usual_source:
        words += ["--from", source]
    for group in _FLAGGED[stage] if own else ():
        words += _flags(getattr(own, group).model_dump(), getattr(shared, group).model_dump())
    return shlex.join(words)


def exam_command(result: ExamResult, shared: Recipe) -> str:
    """How a checkpoint's exam was taken."""
    run = result.run or ""
    named_by_run = bool(run) and Path(result.file).name.startswith(f"{run}.")
    words = ["jianghu", "eval", run if named_by_run else result.short]
    if result.exam != "data/records":
        words += ["--exam", result.exam]
    return shlex.join([*words, *_flags(result.eval_settings, shared.eval.model_dump())])


def _flags(own: Mapping[str, object], shared: Mapping[str, object]) -> list[str]:
    """The settings in which two groups differ, as flags; what is not set in one of them, or is a group of its own, has
    none."""
    flags: list[str] = []
    for name, value in own.items():
        if name not in shared or value == shared[name] or value is None or isinstance(value, dict):
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            for one in value if isinstance(value, (list, tuple)) else [value]:
                flags += [f"--{flag}", str(one)]
    return flags
