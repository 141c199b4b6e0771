"""synth.sqlite: the single source of truth about requests, replies and records."""

from .reader import Reader
from .requests import Batch, Item, Kept, Kind, Reply, Request, Taken, ask
from .store import Store
from .tables import VERSION

__all__ = ["VERSION", "Batch", "Item", "Kept", "Kind", "Reader", "Reply", "Request", "Store", "Taken", "ask"]
