"""Where a command works: the workspace named by `-C`, while every path on the command line stays the user's own.

The folder of the process is never changed, so `jianghu -C shelf books add *.txt` finds the files that the shell named.
"""

from __future__ import annotations

from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import command, tr, use_folder
from ..recipe import Recipe, load_recipe
from ..workspace import RECIPE, Workspace

GOES_ON = {"demo", "eval", "judge", "prepare", "reader", "run", "sweep"}
"""Commands that, typed again, do what is still to be done."""

_root = Path()
_tokens: tuple[str, ...] = ()
_typed = ""


def use_root(folder: Path) -> None:
    """Take this folder as the workspace from now on; hints name it by `-C`.

    Raises:
        InputError: there is no such folder.
    """
    global _root
    if not folder.is_dir():
        raise InputError(tr("-C {folder}: no such folder.", folder=folder))
    _root = folder
    use_folder("" if folder == Path() else str(folder))


def root() -> Path:
    """The folder of the workspace."""
    return _root


def use_command(tokens: tuple[str, ...]) -> None:
    """Remember what was typed after the program's own options."""
    global _tokens, _typed
    _tokens, _typed = tokens, command(*tokens)


def this_command() -> str:
    """The command that runs now, as it may be typed again."""
    return _typed


def stopped() -> str:
    """What is said after Ctrl-C: how to go on, if the command is one that goes on where it was."""
    if (_tokens[:1] and _tokens[0] in GOES_ON) or _tokens[:2] == ("synth", "run"):
        return with_way_on(tr("Stopped."))
    return tr("Stopped.")


def with_way_on(message: str) -> str:
    """A message, and that the command that was typed goes on with what it left."""
    return tr("{message} Go on with: {command}", message=message, command=this_command())


def workspace() -> Workspace:
    """The workspace.

    Raises:
        InputError: the folder is none.
    """
    return Workspace(_root)


def workspace_if_any() -> Workspace | None:
    """The workspace, or None where the folder is none."""
    return Workspace(_root) if (_root / RECIPE).exists() else None


def path_in(ws: Workspace | None, given: Path | None, usual: str) -> Path:
    """A path from the command line as it was given; else the usual one, which lies in the workspace."""
    return given if given is not None else (ws.root if ws else Path()) / usual


def newest_fine_tuned() -> str:
    """The fine-tuned run that was trained last.

    Raises:
        InputError: there is none.
    """
    ws = workspace()
    abouts = [path for path in ws.runs.glob("*/checkpoints/last/jianghu.json") if _is_fine_tuned(path)]
    if not abouts:
        raise InputError(tr("no run is fine-tuned yet; `{jianghu} run` trains one, or name a checkpoint."))
    return max(abouts, key=lambda path: path.stat().st_mtime).parents[2].name


def _is_fine_tuned(about: Path) -> bool:
    return bool(files.read_json(about).get("stage") in ("sft", "dpo"))


def find_checkpoint(reference: str, overrides: dict[str, object]) -> tuple[Workspace | None, Recipe, Path]:
    """A checkpoint by short name (in a workspace) or by path (anywhere), and the recipe with flags laid over it.

    Raises:
        InputError: a workspace has no such checkpoint, or a flag cannot be used.
    """
    ws = workspace_if_any()
    if ws is None:
        return None, load_recipe(overrides=overrides), Path(reference)
    return ws, ws.recipe(overrides), ws.checkpoint(reference)
