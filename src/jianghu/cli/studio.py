"""`studio`: the whole way in a page."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .. import files
from ..errors import InputError, RunError
from ..messages import tr
from ..recipe import load_recipe, to_toml
from ..workspace import RECIPE, Workspace
from . import output, place
from .flags import ServeFlags, given

NEW = Path("shelf")
"""The folder that is made where the one that the user stands in is no workspace and holds other things."""


def studio(
    directory: Path | None = None,
    /,
    *,
    preset: Literal["demo", "evening", "seed", "modern"] = "demo",
    browser: Annotated[bool, Parameter(negative="--no-browser", show_default=False)] = True,
    settings: ServeFlags = None,
) -> None:
    """The studio: from novels to a model that answers, in a page.

    Args:
        directory: Folder of the workspace; made if it is not there. Default: this folder if it is a workspace or empty,
            else shelf.
        preset: For a new workspace; demo takes minutes on two cores, evening hours. The page can change it.
        browser: Open the page in a browser.
    """
    ws = _workspace(directory, preset)
    import logging

    from .. import serving
    from ..studio import make_studio

    flags = given(settings)
    recipe = ws.recipe({"serve": flags})
    key = serving.server_key(recipe.serve)
    try:
        sock = serving.listen(recipe.serve)
    except RunError:
        if "port" in flags:
            raise
        recipe = ws.recipe({"serve": {**flags, "port": 0}})  # another program has the usual one
        sock = serving.listen(recipe.serve)
    logging.basicConfig(format="%(asctime)s %(message)s")
    host, port = sock.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def say() -> None:
        output.say(
            tr("The studio of {folder}: {url}\nCtrl-C ends the page; what it started goes on.", folder=ws.root, url=url)
        )
        if browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()

    serving.run_server(make_studio(ws, recipe.serve, key), recipe.serve, sock, say)


def _workspace(directory: Path | None, preset: str) -> Workspace:
    """The workspace that was asked for, made if it is not there.

    Raises:
        InputError: the folder holds other things.
    """
    folder = directory or place.root()
    if not (folder / RECIPE).exists() and _holds_anything(folder):
        if directory is not None or place.root() != Path():
            raise InputError(
                tr("{folder}: holds other things than a workspace. Name an empty or a new folder.", folder=folder)
            )
        folder = NEW
    if not (folder / RECIPE).exists():
        if _holds_anything(folder):
            raise InputError(
                tr("{folder}: holds other things than a workspace. Name an empty or a new folder.", folder=folder)
            )
        (folder / "books").mkdir(parents=True, exist_ok=True)
        files.write_text(folder / RECIPE, to_toml(load_recipe(preset=preset)))
    place.use_root(folder)
    return Workspace(folder)


def _holds_anything(folder: Path) -> bool:
    """Whether there is anything but hidden files and an empty folder of books.

    Raises:
        InputError: it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(tr("{path}: not a folder.", path=folder))
    return folder.exists() and any(
        not path.name.startswith(".") and not (path.name == "books" and path.is_dir()) for path in folder.iterdir()
    )


def _has_screen() -> bool:
    """Whether a browser would open in a window, and not in this terminal."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
