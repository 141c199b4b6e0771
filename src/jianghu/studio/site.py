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


def site_router(token: str) -> APIRouter:
    """The page and its files; none of them needs the token or a key.

    Args:
        token: what the page sends as X-Studio-Token with every request that changes something.
    """
    router = APIRouter()
    page = source("studio/page/index.html")
    if page.count(NO_TOKEN) != 1:
        raise ValueError(f"index.html of the studio has {page.count(NO_TOKEN)} times {NO_TOKEN!r}")
    page = page.replace(NO_TOKEN, f'<meta name="studio-token" content="{escape(token)}">')
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    add_file(router, "/", page.encode(), ".html", headers)
    add_files(router, "studio/page", "/page")
    add_files(router, "serving/page", "/chat")
    return router
