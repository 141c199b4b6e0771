"""The server: OpenAI's API and the chat page over one engine per checkpoint."""

from .app import make_app

__all__ = ["make_app"]
