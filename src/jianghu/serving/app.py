"""The application: checkpoints by name and settings go in, an ASGI app comes out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from .. import __version__
from ..model import Checkpoint
from ..recipe import Recipe
from ..workspace import Workspace
from .errors import install
from .guard import Guard
from .open_book import BookService
from .page_api import ServedCheckpoint, page_files, page_router, served_checkpoint
from .routes import REFUSALS, care_router, openai_router
from .service import Service


def make_app(
    checkpoints: dict[str, Checkpoint], recipe: Recipe, workspace: Workspace | None = None, key: str = ""
) -> FastAPI:
    """The server's application.

    Args:
        checkpoints: by the names that clients use, the default one first.
        recipe: its [serve] settings, and [sample] as the defaults of a request.
        workspace: where the page finds books, records and chapters; None outside one.
        key: the API key that clients must send; empty: none.
    """
    service, books = Service(checkpoints, recipe), BookService(workspace)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service.worker:
            yield

    app = FastAPI(
        title="Jianghu",
        version=__version__,
        description="OpenAI's API over small language models that have read a shelf of novels.",
        docs_url=None,  # it would load its script from another host
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.stop_writing = service.worker.stop
    install(app)
    app.include_router(openai_router(service, books))
    app.include_router(care_router(service))
    app.include_router(page_files())

    def describe() -> list[ServedCheckpoint]:
        return [served_checkpoint(name, checkpoint.about) for name, checkpoint in checkpoints.items()]

    app.include_router(page_router(checkpoints, describe, recipe, workspace, books), responses=REFUSALS)
    app.add_middleware(Guard, settings=recipe.serve, key=key, metrics=service.metrics)
    return app
