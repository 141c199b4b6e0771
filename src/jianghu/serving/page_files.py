"""The files of a page: one route for each, read once, so that a path from outside never meets the file system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Response

CONTENT_SECURITY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect")),
        *(f"{kind} 'none'" for kind in ("base-uri", "form-action", "frame-ancestors")),
    ]
)
"""The page loads and calls its own server alone, runs no inline script, and cannot be framed."""
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def add_files(router: APIRouter, folder: str, at: str) -> None:
    """Routes for the scripts, sheets and pictures under a folder of this package.

    Args:
        folder: counted from the package's.
        at: the path under which they are found; it ends without a slash.
    """
    for path, file in _walk(resources.files("jianghu").joinpath(*folder.split("/"))):
        kind = "." + path.rpartition(".")[2]
        if kind in KINDS and kind != ".html":
            add_file(router, f"{at}/{path}", file.read_bytes(), kind)


def add_file(router: APIRouter, path: str, content: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
    """A route that gives one file.

    Args:
        kind: a suffix of `KINDS`.
        headers: in place of those of `HEADERS`.
    """

    def answer() -> Response:
        return Response(content, media_type=KINDS[kind], headers={**HEADERS, **(headers or {})})

    router.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False, name=path)


def _walk(folder: Traversable, before: str = "") -> Iterator[tuple[str, Traversable]]:
    for file in folder.iterdir():
        if file.is_dir():
            yield from _walk(file, f"{before}{file.name}/")
        else:
            yield before + file.name, file
