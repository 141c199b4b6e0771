"""The prompts of a workspace: which are used, where each comes from, and copies of the package's to be edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from .. import files
from ..errors import InputError
from ..llm.prompts import Prompts, packaged, prompt_names
from ..messages import tr
from ..recipe import Recipe
from ..recipe.load import nearest
from ..workspace import Workspace
from .strategies import STRATEGIES
from .teacher import must_ask

SHARED = {"correction": "all", "judge": "synth judge", "grade-answer": "judge", "compare-answers": "judge"}
"""Prompts that belong to no single strategy, and who uses them."""


PromptFile = TypedDict("PromptFile", {"name": str, "used_by": str, "from": str, "edited": bool, "copied": bool})
"""A prompt: who uses it, where it comes from, whether the workspace's differs and was copied now."""


def synth_prompts(ws: Workspace, recipe: Recipe, names: Sequence[str] = (), copy: bool = False) -> list[PromptFile]:
    """The prompts of these names, else those of the recipe's strategies: name, who uses it, where it comes from.

    Args:
        copy: write those that the workspace has not to its folder `prompts`. A file that is there stays as it is.

    Raises:
        InputError: there is no such prompt, the workspace's cannot be used, or no names are given and no strategy of
            the recipe asks a teacher.
    """
    if not names:
        must_ask(recipe)
    users = {name: strategy for strategy, kind in STRATEGIES.items() for name in kind.uses} | SHARED
    if unknown := next((name for name in names if name not in users), None):
        raise InputError(
            tr(
                "{unknown}: no such prompt{hint} There are: {names}.",
                unknown=unknown,
                hint=nearest(unknown, users),
                names=", ".join(prompt_names()),
            )
        )
    wanted = {*recipe.synth.strategies, *SHARED.values()}
    prompts = Prompts(ws.prompts)
    rows: list[PromptFile] = []
    for name in names or [name for name, user in users.items() if user in wanted]:
        copied = copy and prompts.path(name) is None
        if copied:
            files.write_text(ws.prompts / f"{name}.md", packaged(name).text)
        same = prompts.get(name).hash == packaged(name).hash
        path = prompts.path(name)
        rows.append(
            {
                "name": name,
                "used_by": users[name],
                "from": ws.shown(path) if path else "package",
                "edited": not same,
                "copied": copied,
            }
        )
    return rows
