"""The studio: one site for the whole way from novels to a model that answers. It starts and watches the commands."""

from .app import make_studio
from .context import Studio

__all__ = ["Studio", "make_studio"]
