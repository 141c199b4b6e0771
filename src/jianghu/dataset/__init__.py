"""Tokens on disk and on the device, and batches as pure functions of (seed, number)."""

from .batches import Batch, BatchSource, PretrainBatches
from .mixture import record_stream, text_stream
from .packing import pack
from .records import Pair, RecordBatches, read_pairs
from .tokens import Place, TokenData, read_tokens, write_tokens

__all__ = [
    "Batch",
    "BatchSource",
    "Pair",
    "Place",
    "PretrainBatches",
    "RecordBatches",
    "TokenData",
    "pack",
    "read_pairs",
    "read_tokens",
    "record_stream",
    "text_stream",
    "write_tokens",
]
