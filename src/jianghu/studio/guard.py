"""What stands between the server's guard and the studio's routes: the token of the page, and the reader's language."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..messages import Language, speaking, tr
from ..serving.errors import ApiError

HEADER = "x-studio-token"


class Door:
    """ASGI middleware: a request that changes something must carry the token that only the studio's own page knows.
    What the routes say is in the language of `?lang=` or Accept-Language.

    Args:
        token: of this server.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with speaking(_language(scope)):
            if scope["method"] not in ("GET", "HEAD") and not self._knows(scope):
                message = tr("This page is of an older server. Load it again.")
                await ApiError(403, message, "stale_token", headers={"Connection": "close"}).response()(
                    scope, receive, send
                )
                return
            await self.app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        return hmac.compare_digest(Headers(scope=scope).get(HEADER, "").encode("latin-1"), self.token)


def _language(scope: Scope) -> Language | None:
    """The language that the page asks for; None: that of the server."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    asked = (query.get("lang") or [Headers(scope=scope).get("accept-language", "")])[0].lower()
    if asked.startswith("zh"):
        return "zh"
    return "en" if asked.startswith("en") else None
