"""Tokens on disk and on the device, and batches as pure functions of (seed, number)."""

from .batches import Batch, BatchSource, PretrainBatches
from .mixture import record_stream, text_stream
from .packing import pack
from .preferences import PreferenceBatches, PreferencePair, read_likelihoods, read_preferences
from .records import Pair, RecordBatches, read_pairs
from .retokenise import shelf_tokens
from .tokens import Place, TokenData, read_tokens, write_tokens

__all__ = [
    "Batch",
    "BatchSource",
    "Pair",
    "Place",
    "PreferenceBatches",
    "PreferencePair",
    "PretrainBatches",
    "RecordBatches",
    "TokenData",
    "pack",
    "read_likelihoods",
    "read_pairs",
    "read_preferences",
    "read_tokens",
    "record_stream",
    "shelf_tokens",
    "text_stream",
    "write_tokens",
]
