"""Jianghu: a shelf of novels goes in; a small language model that has read them comes out.

In a program: `jianghu.create`, `jianghu.Shelf` (see `jianghu.api`).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import Shelf as Shelf
    from .api import create as create

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`create` and `Shelf`, for which PyTorch is loaded only when they are asked for."""
    if name in ("Shelf", "create"):
        return getattr(import_module("jianghu.api"), name)
    raise AttributeError(f"module 'jianghu' has no attribute {name!r}")
