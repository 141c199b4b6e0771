"""synth.sqlite: the single source of truth about requests, replies and records."""

from .reader import Reader
from .requests import Batch, Body, Item, Kept, Kind, LeasedRequest, Reply, Request, ask
from .store import Store
from .tables import VERSION

__all__ = [
    "VERSION",
    "Batch",
    "Body",
    "Item",
    "Kept",
    "Kind",
    "LeasedRequest",
    "Reader",
    "Reply",
    "Request",
    "Store",
    "ask",
]
