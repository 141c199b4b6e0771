"""The studio's application: a workspace goes in, an ASGI app comes out."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from .. import __version__
from ..errors import JianghuError
from ..jobs import Jobs
from ..recipe import ServeSettings
from ..serving.errors import ApiError, install
from ..serving.guard import Guard
from ..serving.metrics import Metrics
from ..serving.routes import REFUSALS
from ..workspace import Workspace
from . import exam_api, jobs_api, records_api, report_api, shelf, training_api
from .context import Studio
from .events import Events
from .guard import Door
from .site import site_router
from .talk import Talk

ROUTERS = [
    jobs_api.router,
    shelf.router,
    training_api.router,
    records_api.router,
    exam_api.router,
    report_api.router,
]
"""Each subject's own; they are given the `Studio`."""
STREAMED = ("/studio/shelf/upload",)
"""Paths whose routes read the body themselves."""


def make_studio(workspace: Workspace, settings: ServeSettings, key: str = "") -> FastAPI:
    """The studio of a workspace.

    Args:
        settings: the limits of the server.
        key: what clients must send as `Authorization: Bearer …`; empty: nothing.
    """
    studio = Studio(workspace, settings, Jobs(workspace.root), Events())
    talk = Talk(studio)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(studio.events.watch())
        try:
            async with talk.running():
                yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    app = FastAPI(
        title="Jianghu Studio", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.state.token = secrets.token_urlsafe(24)
    app.state.events = studio.events
    app.state.stop_writing = lambda: studio.events.stop() + talk.stop()
    install(app)

    @app.exception_handler(JianghuError)
    async def told(request: Request, error: JianghuError) -> JSONResponse:
        return ApiError(400, str(error)).response()

    app.include_router(site_router(app.state.token, workspace.root.resolve().name))
    app.include_router(studio.events.router(), responses=REFUSALS)
    for router in [*(made(studio) for made in ROUTERS), *talk.routers]:
        app.include_router(router, responses=REFUSALS)
    app.add_middleware(Door, token=app.state.token)
    app.add_middleware(Guard, settings=settings, key=key, metrics=Metrics(), streamed=STREAMED)
    return app
