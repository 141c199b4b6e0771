"""The server: OpenAI's API and the chat page over one engine per checkpoint."""

from .app import make_app
from .server import listen, make_server, run_server, server_key

__all__ = ["listen", "make_app", "make_server", "run_server", "server_key"]
