"""The report for the page: whether it was made and when, and the page itself, which may do nothing but show itself."""

from __future__ import annotations

from importlib.util import find_spec

from fastapi import APIRouter
from fastapi.responses import FileResponse

from ..messages import tr
from ..serving.errors import ApiError
from .context import Studio

POLICY = "; ".join(
    [
        "sandbox allow-scripts allow-downloads",
        "default-src 'none'",
        "script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "worker-src blob:",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)
"""The report is one file with scripts inside. In its sandbox it is of no origin: it can ask this server for nothing,
and does not see the page that shows it."""
NEEDED = ("bokeh", "matplotlib")


def router(studio: Studio) -> APIRouter:
    """`/studio/report`."""
    router, path = APIRouter(prefix="/studio/report"), studio.workspace.root / "report" / "index.html"

    @router.get("")
    def about() -> dict[str, object]:
        """When the report was made, its size, and what must be installed to make one."""
        there = path.is_file()
        return {
            "made": path.stat().st_mtime if there else None,
            "bytes": path.stat().st_size if there else None,
            "missing": [name for name in NEEDED if find_spec(name) is None],
            "checkpoints": studio.workspace.checkpoints(),
        }

    @router.get("/page")
    def page() -> FileResponse:
        """The report."""
        if not path.is_file():
            raise ApiError(404, tr("No report has been made yet."))
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return FileResponse(path, media_type="text/html; charset=utf-8", headers=headers)

    return router
