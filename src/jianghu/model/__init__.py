"""The transformer: Qwen3's architecture under Hugging Face's parameter names, its KV cache, its checkpoints."""

from .cache import KVCache
from .checkpoint import Checkpoint, load_checkpoint, read_about, save_checkpoint
from .config import ModelConfig
from .decoder import Decoder
from .transformer import Transformer

__all__ = [
    "Checkpoint",
    "Decoder",
    "KVCache",
    "ModelConfig",
    "Transformer",
    "load_checkpoint",
    "read_about",
    "save_checkpoint",
]
