"""The files of the studio's page, and of the chat page, which is one of its rooms.

`/` is the page with the token that changing requests must carry; `/page/…` are the studio's files, `/chat/…` those of
the chat page, so that both use the same code.
"""

from __future__ import annotations

from fastapi import APIRouter
from markupsafe import escape

from ..pages import source
from ..serving.page_files import CONTENT_SECURITY, add_file, add_files

POLICY = f"{CONTENT_SECURITY}; frame-src 'self'"
"""As the chat page's, and the report may be shown in a frame."""
NO_TOKEN = '<meta name="studio-token" content="">'
NO_NAME = '<small id="shelf-name"></small>'


def site_router(token: str, name: str = "") -> APIRouter:
    """The page and its files; none of them needs the token or a key.

    Args:
        token: what the page sends as X-Studio-Token with every request that changes something.
        name: of the workspace, as the page shows it.
    """
    router = APIRouter()
    page = source("studio/page/index.html")
    for old, new in {
        NO_TOKEN: f'<meta name="studio-token" content="{escape(token)}">',
        NO_NAME: f'<small id="shelf-name">{escape(name)}</small>',
    }.items():
        if page.count(old) != 1:
            raise ValueError(f"index.html of the studio has {page.count(old)} times {old!r}")
        page = page.replace(old, new)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    add_file(router, "/", page.encode(), ".html", headers)
    add_files(router, "studio/page", "/page")
    add_files(router, "serving/page", "/chat")
    return router
