"""Where a run may start from: a run of the workspace, a folder, or a model at Hugging Face or ModelScope by name.

A reference goes in, the folder of a checkpoint comes out. Nothing is fetched that is on this machine already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from .. import files
from ..errors import InputError
from ..messages import tr
from ..workspace import Workspace
from . import hubs

Say = Callable[[str], None]

MODELSCOPE = "modelscope:"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def find_source(ws: Workspace, reference: str, fetch: bool = False, say: Say = lambda text: None) -> Path:
    """The folder of the checkpoint that a run starts from.

    Args:
        reference: as `Workspace.checkpoint` takes it; a folder beside jianghu.toml; OWNER/NAME at Hugging Face; or
            modelscope:OWNER/NAME.
        fetch: download what is not here.
        say: is told what is downloaded.

    Raises:
        NotFetched: it is not on this machine, and `fetch` is not given.
        InputError: there is no such checkpoint; or it is a model that jianghu does not read.
        RunError: the network or the server failed.
    """
    if reference.startswith(MODELSCOPE):
        name = reference.removeprefix(MODELSCOPE)
        if not _NAME.fullmatch(name):
            raise InputError(tr("{reference}: write {example}.", reference=reference, example="modelscope:OWNER/NAME"))
        return hubs.modelscope(name, fetch, say)
    try:
        return ws.checkpoint(reference)
    except InputError as unknown:
        if (ws.root / reference / "config.json").exists():
            return ws.root / reference
        run = reference.partition("/")[0]
        if not _NAME.fullmatch(reference) or (ws.runs / run).is_dir() or Path(reference).is_dir():
            raise InputError(
                tr(
                    "{error} A run can also start from a folder, from OWNER/NAME at Hugging Face, or from "
                    "modelscope:OWNER/NAME.",
                    error=unknown,
                )
            ) from None
    return hubs.hugging_face(reference, fetch, say)


def source_name(shown: str) -> str:
    """What people call a checkpoint, of which `Workspace.shown` gives the path: `base/best`, Qwen/Qwen3-0.6B-Base."""
    parts = Path(shown).parts
    if len(parts) >= 3 and parts[-2] == "snapshots" and parts[-3].startswith("models--"):
        return parts[-3].removeprefix("models--").replace("--", "/")
    if len(parts) >= 3 and parts[-3] == hubs.MODELSCOPE_FOLDER:
        return MODELSCOPE + "/".join(parts[-2:])
    if len(parts) == 4 and (parts[0], parts[2]) == ("runs", "checkpoints"):
        return f"{parts[1]}/{parts[3]}"
    return shown


def is_own(folder: Path) -> bool:
    """Whether a checkpoint was trained by jianghu, as its jianghu.json says."""
    path = folder / "jianghu.json"
    about = files.read_json(path) if path.exists() else None
    return isinstance(about, dict) and "run" in about
