"""The transformer: Qwen3's architecture under Hugging Face's parameter names, its KV cache, its checkpoints
and those of others."""

from .cache import KVCache
from .checkpoint import Checkpoint, load_checkpoint, read_about, save_checkpoint
from .config import ModelConfig
from .decoder import Decoder
from .lora import adapted_layers, adapter_parameters, add_adapter, merged, save_adapter
from .transformer import Transformer
from .weights import weight_files

__all__ = [
    "Checkpoint",
    "Decoder",
    "KVCache",
    "ModelConfig",
    "Transformer",
    "adapted_layers",
    "adapter_parameters",
    "add_adapter",
    "load_checkpoint",
    "merged",
    "read_about",
    "save_adapter",
    "save_checkpoint",
    "weight_files",
]
