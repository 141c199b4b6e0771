"""The application: checkpoints by name and settings go in, an ASGI app comes out."""

from __future__ import annotations

from fastapi import FastAPI

from ..model import Checkpoint
from ..recipe import Recipe
from ..workspace import Workspace


def make_app(checkpoints: dict[str, Checkpoint], recipe: Recipe, workspace: Workspace | None = None) -> FastAPI:
    """The server's application.

    Args:
        checkpoints: by the names that clients use, the default one first.
        recipe: its [serve] settings, and [sample] as the defaults of a request.
        workspace: where the page finds books, records and chapters; None outside one.
    """
    app = FastAPI(title="Jianghu", docs_url=None, redoc_url=None)
    app.state.checkpoints, app.state.recipe, app.state.workspace = checkpoints, recipe, workspace
    return app
