"""synth.sqlite: the single source of truth about requests, replies and records."""

from .reader import Reader
from .rows import Batch, Item, Kept, Kind, Reply, Request, Taken, ask
from .schema import VERSION
from .store import Store

__all__ = ["VERSION", "Batch", "Item", "Kept", "Kind", "Reader", "Reply", "Request", "Store", "Taken", "ask"]
